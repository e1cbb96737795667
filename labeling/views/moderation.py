"""A project's moderation: what the checks found, what becomes of it, and which checks run."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from config.query_strings import number_in
from labeling.errors import InvalidModeration
from labeling.models import ModerationFinding, Project
from labeling.moderated import Wanted, list_page, next_finding, summary_of, texts_around
from labeling.moderation_forms import ModerationForm
from labeling.services.moderation import RUN_KIND, moderation_of, queue_moderation, set_moderation
from labeling.services.moderation_decisions import decide, decide_open
from labeling.services.preferences import workbench_preferences
from labeling.views.access import project_view
from labeling.views.review import after_of
from runs.models import Run
from runs.tasks import execute_run

MODERATORS = ("reviewer", "manager")


@project_view(*MODERATORS)
@require_GET
def moderation(request: HttpRequest, project: Project) -> HttpResponse:
    """What was found, by check and state, and for managers what to run."""
    return show(request, project)


@project_view(*MODERATORS)
@require_GET
def finding(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """One finding among the prompt and the responses it stands in."""
    found = finding_in(project, pk)
    wanted = Wanted.from_query(request.GET)
    texts = texts_around(found)
    context = {
        "project": project,
        "finding": found,
        "prompt": [text for text in texts if not text.letter],
        "responses": [text for text in texts if text.letter],
        "next": next_finding(project, wanted, after=found.pk),
        **filter_context(request, wanted),
    }
    return render(request, "labeling/moderation_finding.html", context)


@project_view(*MODERATORS)
@require_POST
def decide_one(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """Keep or exclude what one finding is about, or open it again; then on to the next."""
    found = finding_in(project, pk)
    wanted = Wanted.from_query(request.POST)
    try:
        decide(
            findings=ModerationFinding.objects.filter(pk=found.pk),
            state=request.POST.get("decision", ""),
            person=request.user,
        )
    except InvalidModeration as problem:
        return show(request, project, problem=problem)
    messages.success(request, said_of(request.POST["decision"], 1))
    following = next_finding(project, wanted, after=found.pk)
    if request.POST.get("from") == "list" or following is None:
        return see_other(reverse("labeling-moderation", args=[project.slug]), wanted)
    return see_other(reverse("labeling-moderation-finding", args=[project.slug, following]), wanted)


@project_view(*MODERATORS)
@require_POST
def decide_all(request: HttpRequest, project: Project) -> HttpResponse:
    """Keep or exclude all open findings of one check that were there when the page was made."""
    wanted = Wanted.from_query(request.POST)
    until = request.POST.get("until", "")
    try:
        changed = decide_open(
            project=project,
            check=wanted.check,
            state=request.POST.get("decision", ""),
            person=request.user,
            until=number_in(until) or 0,
        )
    except InvalidModeration as problem:
        return show(request, project, problem=problem)
    messages.success(request, said_of(request.POST["decision"], changed))
    return see_other(reverse("labeling-moderation", args=[project.slug]), wanted)


@project_view("manager")
@require_POST
def start(request: HttpRequest, project: Project) -> HttpResponse:
    """Queue a look through everything the project holds."""
    run = queue_moderation(project=project, created_by=request.user)
    execute_run.delay_on_commit(str(run.pk))
    messages.success(request, _("The texts are being looked through; what is found appears here."))
    return redirect("labeling-moderation", slug=project.slug)


@project_view("manager")
@require_POST
def settings(request: HttpRequest, project: Project) -> HttpResponse:
    """Say which checks run, how, and whether at import."""
    form = ModerationForm(request.POST, moderation=moderation_of(project))
    if not form.is_valid():
        return show(request, project, form=form, status=422)
    set_moderation(project=project, at_import=form.cleaned_data["at_import"], checks=form.checks())
    messages.success(request, _("Saved. The next look through the project goes by it."))
    return redirect("labeling-moderation", slug=project.slug)


def show(
    request: HttpRequest,
    project: Project,
    *,
    form: ModerationForm | None = None,
    problem: InvalidModeration | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page; a form that must be mended is open."""
    wanted = Wanted.from_query(request.POST if problem else request.GET)
    summary = summary_of(project)
    entries, after = list_page(project, wanted, after=after_of(request))
    under_way = Run.objects.filter(kind=RUN_KIND, scope=project.slug, state__in=[Run.State.QUEUED, Run.State.RUNNING])
    newest = wanted.among(project).order_by("-pk").values_list("pk", flat=True).first()
    context = {
        "project": project,
        "summary": summary,
        "entries": entries,
        "after": after,
        "is_further": after_of(request) > 0,
        "until": newest,
        "shown_total": next((row[2][wanted.state] for row in summary.rows if row[0] == wanted.check), 0),
        "states": [(state, label) for state, label in ModerationFinding.State.choices],
        "run": under_way.first(),
        "form": form or ModerationForm(moderation=moderation_of(project)),
        "problem": problem,
        **filter_context(request, wanted),
    }
    return render(request, "labeling/moderation.html", context, status=problem.status if problem else status)


def filter_context(request: HttpRequest, wanted: Wanted) -> dict[str, object]:
    """What keeps the filter in links and forms, and who looks."""
    return {
        "filter": wanted,
        "query": urlencode(wanted.as_query()),
        "single_keys": workbench_preferences(request.user)["single_keys"],
        "may_run": request.role == "manager",  # type: ignore[attr-defined]
    }


def said_of(decision: str, number: int) -> str:
    """What a decision did, in a sentence."""
    sentences = {
        "kept": ngettext("%(n)d finding kept as it is.", "%(n)d findings kept as they are.", number),
        "removed": ngettext("%(n)d finding excluded.", "%(n)d findings excluded.", number),
        "open": ngettext("%(n)d finding is open again.", "%(n)d findings are open again.", number),
    }
    return sentences[decision] % {"n": number}


def see_other(path: str, wanted: Wanted) -> HttpResponse:
    """303 to one of our pages, with the filter kept."""
    query = urlencode(wanted.as_query())
    response = redirect(f"{path}?{query}" if query else path)
    response.status_code = 303
    return response


def finding_in(project: Project, pk: int) -> ModerationFinding:
    """A finding of this very project. Raises: Http404."""
    found = ModerationFinding.objects.select_related("decided_by").filter(project=project, pk=pk).first()
    if found is None:
        raise Http404
    return found
