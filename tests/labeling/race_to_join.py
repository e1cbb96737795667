"""A process in which many people join by one link at once; prints what came of it as JSON.

Run by test_invitations.py with the database of its choice: python -m tests.labeling.race_to_join PEOPLE USES.
"""

import json
import sys
import threading

import django

django.setup()

from django.db import connection  # noqa: E402

from labeling.errors import InvitationOver  # noqa: E402
from labeling.models import Invitation  # noqa: E402
from labeling.services.invitations import create_invitation, join, sign_up  # noqa: E402
from tests.factories import PASSWORD, make_member, make_person, make_project  # noqa: E402


def main(people, uses):
    """Half of them have an account and send the form twice, the others sign up."""
    project = make_project()
    invitation = create_invitation(
        project=project,
        role="annotator",
        created_by=make_member(project, "manager"),
        secret=Invitation.new_secret(),
        most_uses=uses,
    )
    start, refused, errors = threading.Barrier(people), [], []

    def attempt(number):
        try:
            person = make_person() if number % 2 else None
            start.wait()
            if person is None:
                sign_up(invitation=invitation, email=f"new-{number}@example.org", password=PASSWORD)
            else:
                join(invitation=invitation, person=person)
                join(invitation=invitation, person=person)
        except InvitationOver:
            refused.append(number)
        except Exception as error:  # reported to the test, which fails on any
            errors.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    invitation.refresh_from_db()
    from labeling.models import Person

    joined = project.memberships.filter(role="annotator").count()
    stray = Person.objects.filter(email__startswith="new-", memberships=None).count()
    print(  # noqa: T201
        json.dumps(
            {"joined": joined, "uses": invitation.uses, "refused": len(refused), "stray": stray, "errors": errors}
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
