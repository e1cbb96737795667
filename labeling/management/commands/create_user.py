"""manage.py create_user EMAIL --role R [--project P] [--token]"""

import secrets
from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from labeling.models import Person
from labeling.queries import get_project
from labeling.services.people import (
    INSTALLATION_ROLES,
    PROJECT_ROLES,
    create_person,
    create_token,
    set_membership,
)


class Command(JsonCommand):
    help = "Add a person with a role; prints the password and token this once."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", required=True, choices=[*PROJECT_ROLES, *INSTALLATION_ROLES])
        parser.add_argument("--project", help="The project's slug, for a role in a project.")
        parser.add_argument("--name", default="")
        parser.add_argument("--password", help="A random one is made when left out.")
        parser.add_argument("--token", action="store_true", help="Make an API token as well.")

    def handle_json(self, **options: Any) -> dict[str, Any]:
        role, slug = options["role"], options["project"]
        project = get_project(slug) if slug else None
        password = options["password"] or secrets.token_urlsafe(12)
        email = options["email"].lower()
        person = Person.objects.filter(email=email).first()
        answer: dict[str, Any] = {"email": email, "role": role, "project": slug, "created": person is None}
        if person is None:
            installation_role = role if role in INSTALLATION_ROLES else ""
            person = create_person(
                email=email, password=password, name=options["name"], installation_role=installation_role
            )
            answer["password"] = password
        if project is not None:
            set_membership(project=project, person=person, role=role if role in PROJECT_ROLES else "manager")
        if options["token"]:
            answer["token"] = create_token(person=person, label="create_user")
        return answer
