"""`python -m benchmarks.statements TOKEN PROJECT`: SQL statements of one judgment, transactions included, as JSON."""

import json
import sys
import uuid

import django


def main(token: str, slug: str) -> None:
    django.setup()
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from rest_framework.test import APIClient

    client = APIClient(SERVER_NAME="127.0.0.1")
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    connection.ensure_connection()
    with CaptureQueriesContext(connection) as leasing:
        assignment = client.post(f"/api/v1/projects/{slug}/assignments/").json()
    ranking = [[response["id"]] for response in assignment["comparison"]["responses"]]
    body = {"client_id": str(uuid.uuid4()), "ranking": ranking}
    with CaptureQueriesContext(connection) as submitting:
        answer = client.post(f"/api/v1/assignments/{assignment['id']}/judgment/", body, format="json")
    assert answer.status_code == 201, answer.content
    print(json.dumps({"next": len(leasing), "submit": len(submitting), "both": len(leasing) + len(submitting)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
