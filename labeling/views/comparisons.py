"""One comparison as it stands: for those who may see policies and other people's answers."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from labeling.models import Comparison, Judgment, Project
from labeling.queries import current_judgments
from labeling.screens import card_of, turns_of_prompt
from labeling.views.access import OVERSEERS, project_view


@project_view(*OVERSEERS)
@require_GET
def comparison(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """Show prompt, responses with their policies, and judgments; rewards come by the fragment of another app."""
    found = Comparison.objects.select_related("prompt").filter(project=project, pk=pk).first()
    if found is None:
        raise Http404
    cards = [card_of(response, index) for index, response in enumerate(found.responses.order_by("pk"))]
    letters = {card.response.pk: card.letter for card in cards}
    judgments = current_judgments(project).filter(comparison=found).select_related("annotator").order_by("judged_at")
    context = {
        "project": project,
        "comparison": found,
        "prompt": turns_of_prompt(found.prompt),
        "cards": cards,
        "judgments": [
            (judgment, ranking_in_letters(judgment, letters)) for judgment in judgments.order_by("judged_at")
        ],
        "may_see_names": request.role == "manager",  # type: ignore[attr-defined]
        "may_see_rewards": request.role in ("manager", "engineer"),  # type: ignore[attr-defined]
    }
    return render(request, "labeling/comparison.html", context)


def ranking_in_letters(judgment: Judgment, letters: dict[int, str]) -> str:
    """A ranking as people write it: `A > B = C > D`; empty when only "all bad" was said."""
    return " > ".join(" = ".join(letters.get(response, "?") for response in group) for group in judgment.ranking)
