"""Who works in a project, as what, how much, and who may still join."""

from smtplib import SMTPException

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from labeling.errors import InvalidInvitation, StepMovedOn
from labeling.forms import MemberForm as AddForm
from labeling.joining_forms import InvitationForm, MemberForm
from labeling.member_lines import invitation_lines, member_lines
from labeling.models import Invitation, Membership, Person, Project
from labeling.services.invitations import create_invitation, revoke_invitation, send_invitation
from labeling.services.people import remove_membership, set_limits, set_membership
from labeling.services.qualification import grant_attempt
from labeling.views.access import project_view


@project_view("manager")
@require_http_methods(["GET", "POST"])
def members(request: HttpRequest, project: Project) -> HttpResponse:
    """List the members; add a person who has an account, by e-mail address."""
    form = AddForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"].lower()
        person = Person.objects.filter(email__iexact=email, is_active=True, kind=Person.Kind.PERSON).first()
        if person is None:
            sentence = _("Nobody here has this address. Invite them, or ask an owner of the installation to add them.")
            form.add_error("email", sentence)
        else:
            set_membership(project=project, person=person, role=form.cleaned_data["role"])
            messages.success(request, _("%(person)s is a member now.") % {"person": person.display_name})
            return redirect("labeling-members", slug=project.slug)
    return show(request, project, form=form, status=422 if form.errors else 200)


@project_view("manager")
@require_POST
def change_role(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """Give a member another role, a daily quota and an allocation of their own."""
    membership = membership_in(project, pk)
    form = MemberForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the roles in the list, and whole numbers from 1 or nothing at all."))
    else:
        said = form.cleaned_data
        set_membership(project=project, person=membership.person, role=said["role"])
        set_limits(membership=membership, daily_quota=said["daily_quota"], allocation=said["allocation"])
        messages.success(request, _("%(person)s is changed.") % {"person": membership.person})
    return redirect("labeling-members", slug=project.slug)


@project_view("manager")
@require_POST
def remove(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """End a membership. What the person judged stays."""
    membership = membership_in(project, pk)
    remove_membership(membership=membership)
    messages.success(request, _("%(person)s is no longer a member.") % {"person": membership.person})
    return redirect("labeling-members", slug=project.slug)


@project_view("manager")
@require_POST
def retry(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """Let a member who failed the exam try again."""
    membership = membership_in(project, pk)
    try:
        attempt = grant_attempt(project=project, person=membership.person)
    except StepMovedOn as problem:
        messages.error(request, str(problem))
    else:
        said = {"person": membership.person, "number": attempt.attempt}
        messages.success(request, _("%(person)s may try again: attempt %(number)d.") % said)
    return redirect("labeling-members", slug=project.slug)


@never_cache
@project_view("manager")
@require_POST
def invite(request: HttpRequest, project: Project) -> HttpResponse:
    """Make an invitation. This one answer shows its link; an address that was given gets it by mail."""
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return show(request, project, invitation_form=form, status=422)
    said = form.cleaned_data
    try:
        invitation = create_invitation(
            project=project,
            role=said["role"],
            created_by=request.user,
            secret=said["secret"],
            email=said["email"],
            most_uses=said["most_uses"],
            days=said["days"],
        )
    except InvalidInvitation as problem:
        form.add_error("role" if "role" in problem.fields else None, str(problem))
        return show(request, project, invitation_form=form, status=problem.status)
    link = request.build_absolute_uri(reverse("labeling-join", args=[said["secret"]]))
    if invitation.email:
        transaction.on_commit(lambda: mail(request, invitation, link))
    return show(request, project, link=link, invitation=invitation)


@project_view("manager")
@require_POST
def revoke(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """Let nobody join by this invitation any more."""
    invitation = Invitation.objects.filter(project=project, pk=pk).first()
    if invitation is None:
        raise Http404
    revoke_invitation(invitation=invitation)
    messages.success(request, _("The link no longer works. Who has joined by it stays."))
    return redirect("labeling-members", slug=project.slug)


def mail(request: HttpRequest, invitation: Invitation, link: str) -> None:
    """Send the link, or say that it has to be handed over otherwise."""
    try:
        send_invitation(invitation=invitation, link=link)
    except (SMTPException, OSError):
        messages.error(request, _("The mail could not be sent. Hand the link over yourself."))
    else:
        messages.success(request, _("The link is on its way to %(email)s.") % {"email": invitation.email})


def show(
    request: HttpRequest,
    project: Project,
    *,
    form: AddForm | None = None,
    invitation_form: InvitationForm | None = None,
    invitation: Invitation | None = None,
    link: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page, with forms as they were sent if they could not be taken."""
    context = {
        "project": project,
        "form": form or AddForm(),
        "invitation_form": invitation_form or InvitationForm(),
        "new_invitation": invitation,
        "link": link,
        "members": member_lines(project),
        "invitations": invitation_lines(project),
        "roles": Membership.Role.choices,
        "has_exam": project.exam_pass_share is not None,
    }
    return render(request, "labeling/members.html", context, status=status)


def membership_in(project: Project, pk: int) -> Membership:
    """A membership of this very project. Raises: Http404."""
    membership = project.memberships.select_related("person").filter(pk=pk).first()
    if membership is None:
        raise Http404
    return membership
