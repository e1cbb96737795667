"""Comparisons whose answer is known: which they are, what is expected of them, and how people do on them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from labeling.cards import card_of, turns_of_prompt
from labeling.errors import GoldInUse, InvalidGold
from labeling.gold_lines import gold_comparisons, gold_lines
from labeling.joining_forms import GoldForm
from labeling.models import Comparison, GoldAnswer, Project
from labeling.services.gold import set_gold, was_tried, withdraw_gold
from labeling.views.access import project_view

LINES_ON_A_PAGE = 50


@project_view("manager")
@require_GET
def gold(request: HttpRequest, project: Project) -> HttpResponse:
    """Gold, practice and exam, one of them at a time, with how many people gave the expected answer."""
    use = request.GET.get("use", "")
    use = use if use in Comparison.Use.values else Comparison.Use.WORK.value
    page = Paginator(gold_comparisons(project, use), LINES_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "project": project,
        "use": use,
        "page": page,
        "lines": gold_lines(list(page)),
        "counts": [(value, gold_comparisons(project, value).count()) for value in Comparison.Use.values],
    }
    return render(request, "labeling/gold.html", context)


@project_view("manager")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """Say what is expected of one comparison, and where it stands."""
    comparison = comparison_in(project, pk)
    cards = [card_of(response, index) for index, response in enumerate(comparison.responses.order_by("pk"))]
    letters = [(card.response.pk, card.letter) for card in cards]
    standing = GoldAnswer.objects.filter(comparison=comparison).first()
    form = GoldForm(request.POST or None, letters=letters, initial=initial_of(comparison, standing))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            set_gold(comparison=comparison, use=said["use"], ranking=form.ranking(), explanation=said["explanation"])
        except (InvalidGold, GoldInUse) as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _("The expected answer of comparison %(id)d is kept.") % {"id": comparison.pk})
            return redirect("labeling-gold", slug=project.slug)
    context = {
        "project": project,
        "comparison": comparison,
        "prompt": turns_of_prompt(comparison.prompt),
        "cards": cards,
        "form": form,
        "standing": standing,
        "is_settled": was_tried(comparison),
    }
    return render(request, "labeling/gold_edit.html", context, status=422 if form.errors else 200)


@project_view("manager")
@require_POST
def withdraw(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """Expect nothing of this comparison any more."""
    withdraw_gold(comparison=comparison_in(project, pk))
    messages.success(request, _("Nothing is expected of this comparison any more."))
    return redirect("labeling-gold", slug=project.slug)


def initial_of(comparison: Comparison, standing: GoldAnswer | None) -> dict[str, object]:
    """The form filled with what is expected so far."""
    initial: dict[str, object] = {"use": comparison.use}
    if standing is not None:
        initial["explanation"] = standing.explanation
        place = 1
        for group in standing.ranking:
            initial |= {f"place_{response}": place for response in group}
            place += len(group)
    return initial


def comparison_in(project: Project, pk: int) -> Comparison:
    """A comparison of this very project. Raises: Http404."""
    comparison = Comparison.objects.select_related("prompt").filter(project=project, pk=pk).first()
    if comparison is None:
        raise Http404
    return comparison
