"""Everybody in the installation, for its owners."""

from functools import wraps

from allauth.account.forms import ResetPasswordForm
from allauth.core.ratelimit import consume_or_429
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from labeling.errors import InvalidPerson, LastOwner
from labeling.joining_forms import PersonForm, language_choices
from labeling.models import Person
from labeling.services.people import set_active, set_installation_role, set_language
from labeling.views.access import View, login_required

PEOPLE_ON_A_PAGE = 50


def owner_view(view: View) -> View:
    """Let only owners of the installation through."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.user.is_owner:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@owner_view
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, by address, fifty to a page; `q` looks in addresses, names and pseudonyms."""
    sought = request.GET.get("q", "").strip()[:100]
    page = Paginator(found(sought), PEOPLE_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "sought": sought,
        "roles": Person.InstallationRole.choices,
        "languages": language_choices(),
    }
    return render(request, "labeling/people.html", context)


@owner_view
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Set somebody's role in the installation and the language of their pages."""
    person, form = person_with(pk), PersonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a role and a language from the lists."))
        return back(request)
    try:
        set_installation_role(person=person, role=form.cleaned_data["role"])
    except (InvalidPerson, LastOwner) as problem:
        messages.error(request, str(problem))
        return back(request)
    set_language(person=person, language=form.cleaned_data["language"])
    messages.success(request, _("%(person)s is changed.") % {"person": person})
    return back(request)


@owner_view
@require_POST
def activate(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody log in again, or no longer, as `is_active` says."""
    person, is_active = person_with(pk), bool(request.POST.get("is_active"))
    try:
        set_active(person=person, is_active=is_active)
    except LastOwner as problem:
        messages.error(request, str(problem))
        return back(request)
    sentence = _("%(person)s can log in again.") if is_active else _("%(person)s can no longer log in.")
    messages.success(request, sentence % {"person": person})
    return back(request)


@owner_view
@require_POST
def send_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Mail somebody a link by which they choose a new password."""
    person = person_with(pk)
    if refused := consume_or_429(request, action="reset_password", key=person.email):
        return refused
    form = ResetPasswordForm({"email": person.email})
    if not person.is_active or not form.is_valid():
        messages.error(request, _("%(person)s cannot log in, so there is nothing to reset.") % {"person": person})
        return back(request)
    try:
        form.save(request)
    except OSError:
        messages.error(request, _("The mail could not be sent. Look at the mail settings."))
    else:
        messages.success(
            request, _("A link to choose a new password is on its way to %(person)s.") % {"person": person}
        )
    return back(request)


def found(sought: str) -> QuerySet[Person]:
    """The people who log in here, and those among them that a word finds."""
    everybody = Person.objects.filter(kind=Person.Kind.PERSON).annotate(projects=Count("memberships"))
    if sought:
        everybody = everybody.filter(
            Q(email__icontains=sought) | Q(name__icontains=sought) | Q(pseudonym__icontains=sought)
        )
    return everybody.order_by("-is_active", "email")


def person_with(pk: int) -> Person:
    """A person who logs in here. Raises: Http404."""
    person = Person.objects.filter(pk=pk, kind=Person.Kind.PERSON).first()
    if person is None:
        raise Http404
    return person


def back(request: HttpRequest) -> HttpResponse:
    """To the list, where it was left."""
    query = QueryDict(request.POST.get("from", "")[:200]).urlencode()
    address = reverse("labeling-people")
    return redirect(f"{address}?{query}" if query else address)
