"""The forms of joining and belonging: invitations, signing up, members' limits, gold, the settings of a person."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, dumps, loads
from django.utils.translation import gettext_lazy as _

from labeling.models import Comparison, Invitation, Membership, Person
from labeling.services.gold import MAX_EXPLANATION_CHARACTERS
from labeling.services.invitations import MOST_DAYS, MOST_USES

SIGNED_AS = "labeling.invitation"


class InvitationForm(forms.Form):
    """Whom to invite, as what.

    The link's secret is drawn when the form is rendered and comes back signed: a form that is sent twice names the same
    secret and makes one invitation.
    """

    role = forms.ChoiceField(label=_("Role"), choices=Membership.Role.choices, initial=Membership.Role.ANNOTATOR)
    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        help_text=_("The link is mailed there and works for this address alone. Leave it empty for a link to hand on."),
    )
    most_uses = forms.IntegerField(
        label=_("How many may join by it"), min_value=1, max_value=MOST_USES, initial=1, required=False
    )
    days = forms.IntegerField(label=_("Days until it expires"), min_value=1, max_value=MOST_DAYS, initial=7)
    secret = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"secret": dumps(Invitation.new_secret(), salt=SIGNED_AS)})
        kwargs.setdefault("auto_id", "invite_%s")
        super().__init__(*args, **kwargs)

    def clean_secret(self) -> str:
        try:
            return str(loads(self.cleaned_data["secret"], salt=SIGNED_AS, max_age=24 * 3600))
        except BadSignature:
            self.data = {**self.data.dict(), "secret": dumps(Invitation.new_secret(), salt=SIGNED_AS)}  # type: ignore[attr-defined]
            raise ValidationError(_("This page was open for too long. Send the form again.")) from None

    def clean_most_uses(self) -> int:
        return self.cleaned_data["most_uses"] or 1


class SignUpForm(forms.Form):
    """An account of one's own, by an invitation; an address that was invited is bound to it."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text=_("Managers of your projects see it. In data that leaves, a pseudonym stands for you."),
    )
    email = forms.EmailField(label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, bound_email: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = " ".join(password_validators_help_texts())
        if bound_email:
            self.fields["email"].disabled = True
            self.initial["email"] = bound_email

    def clean(self) -> dict[str, Any]:
        """Hold the password against Django's validators, which want to know whose it is."""
        said = super().clean() or {}
        if password := said.get("password"):
            somebody = Person(email=said.get("email", ""), name=said.get("name", ""))
            try:
                validate_password(password, somebody)
            except ValidationError as weak:
                self.add_error("password", weak)
        return said


class MemberForm(forms.Form):
    """What a member is, and how much they judge."""

    role = forms.ChoiceField(label=_("Role"), choices=Membership.Role.choices)
    daily_quota = forms.IntegerField(label=_("A day"), min_value=1, max_value=100_000, required=False)
    allocation = forms.IntegerField(label=_("In all"), min_value=1, max_value=10_000_000, required=False)


class PersonForm(forms.Form):
    """What an owner sets for somebody."""

    role = forms.ChoiceField(
        label=_("Role in the installation"), choices=Person.InstallationRole.choices, required=False
    )
    language = forms.ChoiceField(label=_("Language"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = language_choices()  # type: ignore[attr-defined]


class SettingsForm(forms.Form):
    """How a person is called and spoken to."""

    name = forms.CharField(
        label=_("Name"), max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    language = forms.ChoiceField(label=_("Language of the pages"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = language_choices()  # type: ignore[attr-defined]


class GoldForm(forms.Form):
    """What is expected of one comparison: a place for each response, equal places for a tie."""

    use = forms.ChoiceField(
        label=_("Where it stands"),
        choices=[
            (Comparison.Use.WORK, _("Gold: among the work, where nobody can tell it")),
            (Comparison.Use.PRACTICE, _("Practice: before judging begins, with the expected answer shown afterwards")),
            (Comparison.Use.EXAM, _("Exam: before judging begins, counted, nothing shown afterwards")),
        ],
        widget=forms.RadioSelect,
    )
    explanation = forms.CharField(
        label=_("Why this is the expected answer"),
        required=False,
        max_length=MAX_EXPLANATION_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        help_text=_(
            "Shown after a practice comparison. Markdown works. Each person sees the responses in an order of their "
            "own, so say what a response says, not where it stands."
        ),
    )

    def __init__(self, *args: Any, letters: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = [("", "–"), *((str(place), str(place)) for place in range(1, len(letters) + 1))]
        self.letters = letters
        for response, letter in letters:
            self.fields[f"place_{response}"] = forms.ChoiceField(
                label=_("Place of response %(letter)s") % {"letter": letter}, choices=places
            )

    def place_fields(self) -> list[forms.BoundField]:
        """The fields for the responses' places, in the order of their letters."""
        return [self[f"place_{response}"] for response, _letter in self.letters]

    def ranking(self) -> list[list[int]]:
        """The places as tie groups of response ids, best first."""
        places = {response: int(self.cleaned_data[f"place_{response}"]) for response, _letter in self.letters}
        return [[one for one in places if places[one] == place] for place in sorted(set(places.values()))]


def language_choices() -> list[tuple[str, Any]]:
    """The languages we speak, and the browser's choice."""
    return [("", _("as the browser asks")), *settings.LANGUAGES]
