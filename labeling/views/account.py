"""A person's own settings."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from labeling.joining_forms import SettingsForm
from labeling.models import Person
from labeling.services.people import save_settings
from labeling.views.access import login_required
from labeling.views.preferences import preferences_form


@login_required
@require_http_methods(["GET", "POST"])
def account_settings(request: HttpRequest) -> HttpResponse:
    """Name and language; keys, break reminder, password and tokens have forms of their own, shown or linked here."""
    person: Person = request.user  # type: ignore[assignment]
    form = SettingsForm(request.POST or None, initial={"name": person.name, "language": person.language})
    if request.method == "POST" and form.is_valid():
        save_settings(person=person, **form.cleaned_data)
        with translation.override(form.cleaned_data["language"] or translation.get_language()):
            messages.success(request, _("Saved."))
        return redirect("labeling-account")
    context = {"form": form, "person": person, "workbench": preferences_form(person)}
    return render(request, "labeling/account_settings.html", context, status=422 if form.errors else 200)
