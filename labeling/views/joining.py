"""The page behind an invitation: who asks whom to do what, and the way in."""

from allauth.core.ratelimit import consume_or_429
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from labeling.errors import InvalidPerson, InvitationForAnother, InvitationOver
from labeling.joining_forms import SignUpForm
from labeling.models import Invitation
from labeling.services.invitations import check_open, join, raises_role, sign_up


@never_cache
@require_http_methods(["GET", "POST"])
def join_project(request: HttpRequest, secret: str) -> HttpResponse:
    """Explain the invitation; a POST joins, or makes an account and joins. 410 once it lets nobody in any more."""
    invitation = (
        Invitation.objects.select_related("project", "created_by")
        .filter(digest=Invitation.digest_of(secret), project__is_archived=False)
        .first()
    )
    if invitation is None:
        raise Http404
    if request.method == "POST" and (refused := consume_or_429(request, action="signup")):
        return refused
    if request.user.is_authenticated:
        return join_as_oneself(request, invitation)
    return join_with_new_account(request, invitation)


def join_as_oneself(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """For somebody who is logged in: one button. Who is a member already goes on to the project."""
    is_member = not raises_role(invitation, request.user.role_in(invitation.project.slug))
    try:
        if request.method == "POST":
            join(invitation=invitation, person=request.user)
            return welcome(request, invitation)
        if not is_member:
            check_open(invitation)
    except InvitationOver as problem:
        return over(request, problem)
    except InvitationForAnother as problem:
        return show(request, invitation, problem=str(problem), status=problem.status)
    return show(request, invitation, is_member=is_member)


def join_with_new_account(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """For everybody else: a form to sign up with, beside the way to the login."""
    form = SignUpForm(request.POST if request.method == "POST" else None, bound_email=invitation.email)
    try:
        check_open(invitation)
        if request.method == "POST" and form.is_valid():
            said = form.cleaned_data
            person = sign_up(invitation=invitation, email=said["email"], password=said["password"], name=said["name"])
            login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
            return welcome(request, invitation)
    except InvitationOver as problem:
        return over(request, problem)
    except InvalidPerson:
        form.add_error("email", _("This address has an account already. Log in with it, and this page comes back."))
    return show(request, invitation, form=form, status=422 if form.errors else 200)


def welcome(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """On to the project's first page for a new member."""
    messages.success(request, _("You are a member of “%(project)s” now.") % {"project": invitation.project.name})
    return redirect("labeling-start", slug=invitation.project.slug)


def over(request: HttpRequest, problem: InvitationOver) -> HttpResponse:
    """Say why the link lets nobody in."""
    return render(request, "labeling/invitation_over.html", {"sentence": str(problem)}, status=problem.status)


def show(
    request: HttpRequest,
    invitation: Invitation,
    *,
    form: SignUpForm | None = None,
    is_member: bool = False,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page that explains the invitation."""
    context = {
        "invitation": invitation,
        "project": invitation.project,
        "form": form,
        "is_member": is_member,
        "problem": problem,
    }
    return render(request, "labeling/join.html", context, status=status)
