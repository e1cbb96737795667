"""A person's own page in a project: what they did, how well it agrees, what reviewers said. Never anybody else's."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from labeling.errors import AssignmentClosed
from labeling.models import Membership, Person, Project
from labeling.my_work import feedback_for, my_work, unread_feedback
from labeling.overviews import median_dwell_seconds
from labeling.rendering import render_markdown
from labeling.services.assignments import QUEUED_PURPOSES, reopen
from labeling.services.feedback import mark_feedback_read
from labeling.services.qualification import decline_topics, last_accepted, may_judge
from labeling.views.access import JUDGES, project_view

FEEDBACK_ON_A_PAGE = 20


@never_cache
@project_view(*JUDGES)
@require_GET
def me(request: HttpRequest, project: Project) -> HttpResponse:
    """My figures, my feedback, my topics."""
    person: Person = request.user  # type: ignore[assignment]
    membership = Membership.objects.filter(project=project, person=person).first()
    context = {
        "project": project,
        "work": my_work(project, person),
        "median_seconds": median_dwell_seconds(project, person),
        "feedback": Paginator(feedback_for(project, person), FEEDBACK_ON_A_PAGE).get_page(request.GET.get("page")),
        "unread": unread_feedback(project, person),
        "declined": membership.declined_topics if membership else [],
        "is_member": membership is not None,
        "accepted": last_accepted(project, person),
        "version": project.guideline_versions.first(),
        "gate": may_judge(project, person),
        "warning": render_markdown(project.content_warning) if project.content_warning else "",
    }
    return render(request, "labeling/me.html", context)


@project_view(*JUDGES)
@require_POST
def topics(request: HttpRequest, project: Project) -> HttpResponse:
    """Decline other topics than before; from now on their comparisons go to others."""
    decline_topics(project=project, person=request.user, topics=request.POST.getlist("declined"))
    messages.success(request, _("Saved. Comparisons on the topics you declined go to others."))
    return redirect("labeling-me", slug=project.slug)


@project_view(*JUDGES)
@require_POST
def read(request: HttpRequest, project: Project) -> HttpResponse:
    """Mark what reviewers said so far as read."""
    mark_feedback_read(project=project, person=request.user)
    return redirect("labeling-me", slug=project.slug)


@project_view(*JUDGES)
@require_POST
def again(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """Open the comparison that a piece of feedback is about again, and go to it."""
    review = feedback_for(project, request.user).filter(pk=pk).first()
    if review is None or review.judgment.assignment is None or review.judgment.purpose not in QUEUED_PURPOSES:
        raise Http404
    try:
        reopen(assignment=review.judgment.assignment)
    except AssignmentClosed as problem:
        messages.error(request, str(problem))
        return redirect("labeling-me", slug=project.slug)
    return redirect("labeling-workbench", slug=project.slug)
