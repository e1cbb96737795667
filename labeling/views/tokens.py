"""A person's API tokens."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from labeling.forms import TokenForm
from labeling.models import Person
from labeling.services.people import create_token, revoke_token
from labeling.views.access import login_required


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """List my tokens; make one, whose text this one answer shows."""
    person: Person = request.user  # type: ignore[assignment]
    form, text = TokenForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        text = create_token(person=person, label=form.cleaned_data["label"])
        form = TokenForm()
    context = {"form": form, "new_token": text, "tokens": person.api_tokens.order_by("-created_at")}
    return render(request, "labeling/tokens.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Make one of my tokens worthless."""
    token = request.user.api_tokens.filter(pk=pk).first()  # type: ignore[union-attr]
    if token is None:
        raise Http404
    revoke_token(token=token)
    messages.success(request, _("The token no longer works."))
    return redirect("labeling-tokens")
