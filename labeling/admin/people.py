"""People in admin: who they are, and whether they may log in."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from config.administration.actions import confirmed
from config.administration.filters import choice
from config.administration.searches import beginning, exactly, number
from labeling.admin.read_only import ReadOnlyAdmin
from labeling.models import Person
from labeling.services.people import set_active


@admin.register(Person)
class PersonAdmin(ReadOnlyAdmin):
    list_display = ("email", "name", "pseudonym", "kind", "installation_role", "is_active", "created_at")
    list_filter = (choice("kind"), choice("installation_role"))
    searches = (number("pk"), exactly("pseudonym"), beginning("email"))
    search_help_text = gettext_lazy("An id, a whole pseudonym, or how an e-mail address begins.")
    fields = (
        "email",
        "name",
        "pseudonym",
        "kind",
        "installation_role",
        "language",
        "is_active",
        "last_login",
        "created_at",
    )
    actions = ("lock", "unlock")
    why_not_added = gettext_lazy("People come by invitation, or are added on the page of a project's members.")

    @confirmed(
        label=gettext_lazy("Lock: they can no longer log in"),
        question=gettext_lazy(
            "These people will be logged out, and their tokens and invitations stop working. What they judged stays."
        ),
        done=gettext_lazy("%(row)s is locked."),
    )
    def lock(self, request: HttpRequest, person: Any) -> None:
        set_active(person=person, is_active=False)

    @confirmed(
        label=gettext_lazy("Unlock: they can log in again"),
        question=gettext_lazy("These people will be able to log in again."),
        done=gettext_lazy("%(row)s is unlocked."),
    )
    def unlock(self, request: HttpRequest, person: Any) -> None:
        set_active(person=person, is_active=True)
