"""manage.py first_start: what `make run` does before it starts the processes; safe to call at every start."""

import os
import secrets
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser

from config.commands import JsonCommand
from labeling.models import Person
from labeling.services.demo import ensure_demo_projects
from labeling.services.people import create_person

OWNER_EMAIL = "owner@localhost"


class Command(JsonCommand):
    help = "Prepare the database and static files; on the first call, make an owner and the demo projects."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="Leave the demo projects out.")
        parser.add_argument("--owner-email", default=OWNER_EMAIL)

    def handle_json(self, **options: Any) -> dict[str, Any]:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        answer: dict[str, Any] = {"owner": None, "password": None}
        owner = Person.objects.filter(installation_role=Person.InstallationRole.OWNER).order_by("pk").first()
        if owner is None:
            password = secrets.token_urlsafe(12)
            owner = create_person(
                email=options["owner_email"],
                password=password,
                name="Owner",
                installation_role=Person.InstallationRole.OWNER,
            )
            answer |= {"owner": owner.email, "password": password}
            self._introduce(owner.email, password)
        if not options["no_demo"]:
            answer["projects"] = [project.slug for project in ensure_demo_projects(owner=owner)]
        return answer

    def _introduce(self, email: str, password: str) -> None:
        port = os.environ.get("PORT", "8000")
        self.say("")
        self.say(f"  An owner was made for http://127.0.0.1:{port}")
        self.say(f"      e-mail    {email}")
        self.say(f"      password  {password}")
        self.say("  The password is shown this once. Another one: manage.py changepassword " + email)
        self.say("")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["json"]:
            super().handle(*args, **options)
            return
        self.handle_json(**options)
