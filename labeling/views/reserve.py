"""What the workbench asks for in the background: comparisons ahead of the one on screen, and leases kept alive."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST

from labeling.models import Assignment, Project
from labeling.services.assignments import MOST_HELD, hold, renew_held
from labeling.views.access import JUDGES, project_view
from labeling.views.label import for_whom_it_was_written, screen_of, workbench_context


@gzip_page
@for_whom_it_was_written
@project_view(*JUDGES)
@require_POST
def reserve(request: HttpRequest, project: Project) -> HttpResponse:
    """Let this person hold `count` comparisons; each that the browser does not `have` comes as a template.

    The order is the one to judge them in. What is not named in `data-held` is no longer theirs.
    """
    count = request.POST.get("count", "")
    if not (count.isascii() and count.isdigit() and 1 <= int(count[:4]) <= MOST_HELD):
        sentence = _("Ask for 1 to %(most)d comparisons.") % {"most": MOST_HELD}
        return JsonResponse({"code": "invalid_count", "message": sentence}, status=422)
    held = hold(project=project, annotator=request.user, count=int(count))
    there = set(request.POST.getlist("have"))
    new = [lease.pk for lease in held if str(lease.pk) not in there]
    leases = Assignment.objects.select_related("project__instrument", "comparison__prompt", "guideline_version")
    by_id = leases.in_bulk(new)
    context = workbench_context(request, project) | {"held": held, "screens": [screen_of(by_id[pk]) for pk in new]}
    return render(request, "labeling/_reserve.html", context)


@for_whom_it_was_written
@project_view(*JUDGES)
@require_POST
def heartbeat(request: HttpRequest, project: Project) -> HttpResponse:
    """Keep every comparison this person holds here for another period; says which those are."""
    held = renew_held(project=project, annotator=request.user)
    return JsonResponse({"held": [str(pk) for pk in held]})
