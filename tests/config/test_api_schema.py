"""The API as described is the API as it answers."""

import pytest
from django.core.management import call_command
from django.test import Client

from tests.factories import make_person


def test_the_schema_is_complete_and_without_warnings(tmp_path):
    call_command("spectacular", "--file", str(tmp_path / "schema.yml"), "--validate", "--fail-on-warn")
    assert "/api/v1/assignments/{id}/judgment/" in (tmp_path / "schema.yml").read_text()


@pytest.mark.django_db
def test_the_browsable_documentation_loads_no_inline_script():
    client = Client()
    client.force_login(make_person())
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert "<script>" not in page.content.decode()
