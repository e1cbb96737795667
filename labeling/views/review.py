"""A reviewer's pages: the queue, one comparison with what was said about it, and the reviewer's own verdict."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.query_strings import number_in
from labeling.answers import Answer, answer_from_form, answer_from_judgment, verdict_of
from labeling.errors import AssignmentClosed, InvalidReview, InvalidVerdict, LabelingError
from labeling.models import Assignment, Comparison, Judgment, Project, ReviewItem
from labeling.reviewing import Filter, annotators_in_queue, counts_by_reason, next_in_queue, queue_page, sheet_of
from labeling.screens import build_screen
from labeling.services.adjudication import adjudicate, held_adjudication, leave_adjudication, open_adjudication
from labeling.services.examination import WHILE_SOMEBODY_WAITS, examine_new
from labeling.services.preferences import workbench_preferences
from labeling.services.retractions import current_judgment
from labeling.services.reviews import accept, return_judgment
from labeling.views.access import project_view

REVIEWERS = ("reviewer", "manager")


@project_view(*REVIEWERS)
@require_GET
def review(request: HttpRequest, project: Project) -> HttpResponse:
    """The comparisons that need a reviewer, each with the reasons why."""
    has_more = examine_new(project=project, limit=WHILE_SOMEBODY_WAITS)
    wanted = Filter.from_query(request.GET)
    page = queue_page(project, wanted, after=after_of(request))
    counts = counts_by_reason(project, wanted.annotator)
    context = {
        "project": project,
        "entries": page.entries,
        "tabs": [(reason, label, counts[reason]) for reason, label in (("", _("All")), *ReviewItem.Reason.choices)],
        "after": page.after,
        "is_further": after_of(request) > 0,
        "annotators": annotators_in_queue(project),
        "is_behind": has_more,
        **filter_context(request, wanted),
    }
    return render(request, "labeling/review.html", context)


@project_view(*REVIEWERS)
@require_GET
def review_comparison(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """One comparison: what was shown, what each person said about it, what speaks against that, and what to do."""
    return show(request, project, comparison_in(project, pk))


@project_view(*REVIEWERS)
@require_POST
def accept_judgments(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """Let the judgments of a comparison stand."""
    comparison = comparison_in(project, pk)
    try:
        reviews = accept(comparison=comparison, reviewer=request.user, seen=request.POST.get("seen", ""))
    except LabelingError as problem:
        return show(request, project, comparison, problem=problem)
    said = ngettext("%(n)d judgment accepted.", "%(n)d judgments accepted.", len(reviews)) % {"n": len(reviews)}
    return go_on(request, project, comparison, said)


@project_view(*REVIEWERS)
@require_POST
def return_to_annotator(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """Send one judgment back to whoever gave it, with a comment."""
    comparison = comparison_in(project, pk)
    key = request.POST.get("judgment", "")
    judgment = Judgment.objects.filter(comparison=comparison, pk=number_in(key) or 0).first()
    if judgment is None:
        raise Http404
    comment = request.POST.get("comment", "")
    try:
        return_judgment(judgment=judgment, reviewer=request.user, comment=comment, seen=request.POST.get("seen", ""))
    except LabelingError as problem:
        return show(request, project, comparison, problem=problem, returning=judgment.pk, comment=comment)
    return go_on(request, project, comparison, _("Returned. The annotator sees your comment."))


@project_view(*REVIEWERS)
@require_http_methods(["GET", "POST"])
def adjudication(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """POST: lease the comparison for a verdict of the reviewer's own. GET: the instrument, while they hold it."""
    comparison = comparison_in(project, pk)
    wanted = Filter.from_query(request.POST or request.GET)
    if request.method == "POST":
        try:
            open_adjudication(comparison=comparison, reviewer=request.user)
        except LabelingError as problem:
            return show(request, project, comparison, problem=problem)
        return see_other("labeling-review-adjudicate", project, pk, wanted)
    held = held_adjudication(comparison=comparison, reviewer=request.user)
    if held is None:
        return see_other("labeling-review-comparison", project, pk, wanted)
    standing = current_judgment(assignment=held) if held.is_reopened else None
    answer = (
        answer_from_judgment(standing, shown=held.shown_order, instrument=project.instrument) if standing else Answer()
    )
    return show_instrument(request, project, held, answer)


@project_view(*REVIEWERS)
@require_POST
def submit_adjudication(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """Store the reviewer's verdict. 422 keeps the form; 409 says what happened meanwhile."""
    comparison = comparison_in(project, pk)
    held = assignment_in(request, comparison)
    answer = answer_from_form(request.POST, shown=held.shown_order, instrument=project.instrument)
    try:
        verdict = verdict_of(answer, shown=held.shown_order, instrument=project.instrument)
        adjudicate(assignment=held, verdict=verdict, client_id=UUID(answer.client_id))
    except InvalidVerdict as problem:
        return show_instrument(request, project, held, answer, problem)
    except LabelingError as problem:
        return show(request, project, comparison, problem=problem)
    return go_on(request, project, comparison, _("Adjudicated. Your verdict stands over the others."))


@project_view(*REVIEWERS)
@require_POST
def leave(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """Give the lease back; what stood before stands."""
    comparison = comparison_in(project, pk)
    try:
        leave_adjudication(comparison=comparison, reviewer=request.user)
    except AssignmentClosed as problem:
        return show(request, project, comparison, problem=problem)
    return see_other("labeling-review-comparison", project, pk, Filter.from_query(request.POST))


def show(
    request: HttpRequest,
    project: Project,
    comparison: Comparison,
    *,
    problem: LabelingError | None = None,
    returning: int | None = None,
    comment: str = "",
) -> HttpResponse:
    """The sheet of a comparison; with a problem, in its own status, a comment that was written is still there."""
    wanted = Filter.from_query(request.POST or request.GET)
    sheet = sheet_of(comparison)
    is_party = sheet.was_judged_by(request.user)
    adjudicator = sheet.adjudication.judgment.annotator_id if sheet.adjudication else None
    holder = sheet.being_adjudicated_by
    is_anothers = holder is not None and holder.pk != request.user.pk
    context = {
        "project": project,
        "comparison": comparison,
        "sheet": sheet,
        "problem": problem,
        "returning": returning if isinstance(problem, InvalidReview) else None,
        "comment": comment,
        "is_party": is_party,
        "may_review": not is_party and not is_anothers and adjudicator is None,
        "may_adjudicate": not is_party and not is_anothers and adjudicator in (None, request.user.pk),
        "is_anothers": is_anothers,
        "is_adjudicating": holder is not None and not is_anothers,
        "next": next_in_queue(project, wanted, after=comparison.pk),
        **filter_context(request, wanted),
    }
    return render(request, "labeling/review_comparison.html", context, status=problem.status if problem else 200)


def show_instrument(
    request: HttpRequest,
    project: Project,
    assignment: Assignment,
    answer: Answer,
    problem: InvalidVerdict | None = None,
) -> HttpResponse:
    """The real instrument, for a reviewer."""
    context = {
        "project": project,
        "comparison": assignment.comparison,
        "screen": build_screen(assignment, answer, problem),
        "preferences": workbench_preferences(request.user),
        "submit_url": reverse("labeling-review-submit", args=[project.slug, assignment.comparison_id]),
        **filter_context(request, Filter.from_query(request.POST or request.GET)),
    }
    return render(request, "labeling/review_adjudicate.html", context, status=problem.status if problem else 200)


def go_on(request: HttpRequest, project: Project, comparison: Comparison, said: str) -> HttpResponse:
    """After something was done: the next comparison under the same filter, or the queue when nothing is left."""
    messages.success(request, said)
    wanted = Filter.from_query(request.POST)
    following = next_in_queue(project, wanted, after=comparison.pk)
    if following is None:
        return see_other("labeling-review", project, None, wanted)
    return see_other("labeling-review-comparison", project, following, wanted)


def see_other(name: str, project: Project, pk: int | None, wanted: Filter) -> HttpResponse:
    """303 to one of our pages, with the filter kept."""
    url = reverse(name, args=[project.slug] if pk is None else [project.slug, pk])
    query = query_of(wanted)
    response = redirect(f"{url}?{query}" if query else url)
    response.status_code = 303
    return response


def filter_context(request: HttpRequest, wanted: Filter) -> dict[str, object]:
    """What keeps the filter in links and forms."""
    return {
        "filter": wanted,
        "query": query_of(wanted),
        "single_keys": workbench_preferences(request.user)["single_keys"],
        "may_see_names": request.role == "manager",  # type: ignore[attr-defined]
    }


def query_of(wanted: Filter) -> str:
    return urlencode(wanted.as_query())


def after_of(request: HttpRequest) -> int:
    return number_in(request.GET.get("after", "")) or 0


def comparison_in(project: Project, pk: int) -> Comparison:
    """A comparison of this very project. Raises: Http404."""
    found = Comparison.objects.select_related("prompt", "project").filter(project=project, pk=pk).first()
    if found is None:
        raise Http404
    return found


def assignment_in(request: HttpRequest, comparison: Comparison) -> Assignment:
    """The reviewer's latest lease on a comparison, open or not. Raises: Http404 when they never had one."""
    found = (
        Assignment.objects.select_related("project__instrument", "comparison__prompt", "annotator")
        .filter(comparison=comparison, annotator=request.user.pk, purpose="adjudication")
        .order_by("-created_at")
        .first()
    )
    if found is None:
        raise Http404
    return found
