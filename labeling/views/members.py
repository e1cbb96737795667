"""Who works in a project, and as what."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from labeling.forms import MemberForm, RoleForm
from labeling.models import Membership, Person, Project
from labeling.services.people import remove_membership, set_membership
from labeling.views.access import project_view


@project_view("manager")
@require_http_methods(["GET", "POST"])
def members(request: HttpRequest, project: Project) -> HttpResponse:
    """List the members; add a person who has an account, by e-mail address."""
    form = MemberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"].lower()
        person = Person.objects.filter(email__iexact=email, is_active=True, kind=Person.Kind.PERSON).first()
        if person is None:
            form.add_error("email", _("Nobody here has this address. An owner of the installation can add them."))
        else:
            set_membership(project=project, person=person, role=form.cleaned_data["role"])
            messages.success(request, _("%(person)s is a member now.") % {"person": person.display_name})
            return redirect("labeling-members", slug=project.slug)
    memberships = project.memberships.select_related("person").order_by("role", "person__email")
    context = {"project": project, "form": form, "memberships": memberships, "roles": Membership.Role.choices}
    return render(request, "labeling/members.html", context, status=422 if form.errors else 200)


@project_view("manager")
@require_POST
def change_role(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """Give a member another role."""
    membership = membership_in(project, pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the roles in the list."))
    else:
        set_membership(project=project, person=membership.person, role=form.cleaned_data["role"])
        messages.success(request, _("The role of %(person)s is changed.") % {"person": membership.person})
    return redirect("labeling-members", slug=project.slug)


@project_view("manager")
@require_POST
def remove(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """End a membership. What the person judged stays."""
    membership = membership_in(project, pk)
    remove_membership(membership=membership)
    messages.success(request, _("%(person)s is no longer a member.") % {"person": membership.person})
    return redirect("labeling-members", slug=project.slug)


def membership_in(project: Project, pk: int) -> Membership:
    """A membership of this very project. Raises: Http404."""
    membership = project.memberships.select_related("person").filter(pk=pk).first()
    if membership is None:
        raise Http404
    return membership
