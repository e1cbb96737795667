"""One annotator's figures, from the stored report, beside what they judged last and what reviewers said of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Prefetch, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from labeling.charts import IntervalChart, TimeChart, interval_chart, percent, time_chart
from labeling.models import Judgment, Person, Project, QualityReport, Review, ReviewItem
from labeling.quality.angles import measured, sign_of
from labeling.quality.page import Tile
from labeling.quality.words import Figures, brief, interval_note
from labeling.queries import current_judgments
from labeling.services.assignments import QUEUED_PURPOSES

LATEST = 20


def annotator_page(project: Project, person: Person, report: QualityReport | None) -> dict[str, Any]:
    """What the page shows; `figures` is None where nothing was measured of this person."""
    figures = report.annotators.get(person.pseudonym) if report else None
    return {
        "figures": figures,
        **({"tiles": tiles(figures), "chart": chart(figures), "times": times(figures)} if figures else {}),
        "latest": latest_judgments(project, person),
        "reviews": Review.objects.filter(project=project, judgment__annotator=person)
        .select_related("reviewer", "judgment__comparison__prompt")
        .order_by("-created_at")[:LATEST],
        "signs": signs(project, person),
    }


def tiles(figures: Figures) -> list[Tile]:
    seconds = figures["median_seconds"]
    minutes = round(figures["active_seconds"] / 60)
    return [
        Tile(_("Judgments"), f"{figures['judgments']:,}", _("%(n)s min of active time") % {"n": f"{minutes:,}"}),
        Tile(_("Gold"), brief(figures["gold"]), interval_note(figures["gold"])),
        Tile(_("With the others"), brief(figures["agreement"]), interval_note(figures["agreement"])),
        Tile(_("One judgment takes"), "–" if seconds is None else _("%(n)s s") % {"n": seconds}, _("in the middle")),
    ]


def chart(figures: Figures) -> IntervalChart:
    """Every share that was measured of somebody, on one scale."""
    names = {
        "gold": _("answers gold as expected"),
        "agreement": _("says what the others say"),
        "repeats": _("says the same again"),
        "ties": _("calls a tie"),
        "dawid_skene": _("is right, by everybody's labels (Dawid–Skene)"),
        "mace": _("looks before answering (MACE)"),
        "strength_accuracy": _("prefers the stronger response (noisy Bradley–Terry)"),
        "side_bias": _("takes the left of two equal responses (noisy Bradley–Terry)"),
    }
    audits = {"position": _("prefers what is shown earlier"), "speed": _("answers faster than anybody reads")}
    lines = [(key, name, figures[key]) for key, name in names.items()]
    lines += [(key, name, figures["audits"][key]) for key, name in audits.items() if key in figures["audits"]]
    measures = []
    for key, name, figure in lines:
        tone, sign = sign_of(key, figure)
        note = f"n = {figure['n']:,}" if "value" in figure else ""
        measures.append(measured(name, figure, f"{note} · {sign}" if sign else note, tone=tone))
    return interval_chart(measures, least=0.0, most=1.0, reference=0.5, say=percent)


def times(figures: Figures) -> list[TimeChart]:
    """How somebody's figures went, stretch by stretch of equally many judgments."""
    stretches = figures["over_time"]
    slowest = max((one["median_seconds"] or 0.0 for one in stretches), default=0.0) or 1.0
    drawn = [
        time_chart(_("with the others"), _points(stretches, "agreement"), least=0.0, most=1.0, say=percent),
        time_chart(_("gold"), _points(stretches, "gold"), least=0.0, most=1.0, say=percent),
        time_chart(
            _("seconds a judgment"),
            _points(stretches, "median_seconds"),
            least=0.0,
            most=slowest,
            say=lambda seconds: f"{seconds:.1f}",
        ),
    ]
    return [one for one in drawn if one is not None]


def _points(stretches: Sequence[Figures], key: str) -> list[tuple[str, float]]:
    """One figure of each stretch that has it, with the day it began; with the time where all began on one day."""
    begun = [timezone.localtime(datetime.fromisoformat(one["from"])) for one in stretches]
    format = "MONTH_DAY_FORMAT" if len({moment.date() for moment in begun}) > 1 else "TIME_FORMAT"
    named = zip((date_format(moment, format) for moment in begun), stretches, strict=True)
    return [(name, one[key]) for name, one in named if one[key] is not None]


def latest_judgments(project: Project, person: Person) -> QuerySet[Judgment]:
    """What this person judged last and still stands, with what reviewers said of it."""
    judgments = current_judgments(project, QUEUED_PURPOSES).filter(annotator=person)
    said = Prefetch("reviews", Review.objects.order_by("-pk"))
    return judgments.select_related("comparison__prompt").prefetch_related(said).order_by("-judged_at", "-pk")[:LATEST]


def signs(project: Project, person: Person) -> list[tuple[str, int]]:
    """What waits in the review queue of this person's judgments: each sign with how often."""
    open_items = ReviewItem.objects.filter(project=project, annotator=person, closed_at=None)
    counted = open_items.order_by().values_list("sign").annotate(n=Count("pk")).order_by("-n")
    return [(str(ReviewItem.Sign(sign).label), number) for sign, number in counted]
