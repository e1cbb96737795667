"""Comparisons in admin: what was shown, and how far each is."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from config.administration.filters import Narrowing
from config.administration.searches import number
from config.administration.shown import as_json, as_text, link
from labeling.admin.filters import ProjectFilter
from labeling.admin.read_only import ReadOnlyAdmin
from labeling.admin.verdicts import letters_of, listed, moment, responses_of, told_verdict
from labeling.models import Comparison, Judgment

JUDGMENTS_SHOWN = 50
OPEN = "open"


class StandFilter(Narrowing):
    """Those that still want somebody, and those shown before work; each of them has an index of its own."""

    title = gettext_lazy("stand")
    template = "admin/choice_filter.html"
    parameters = ("stand",)
    needs = ("project",)

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        match self.wanted["stand"]:
            case "open":
                return rows.filter(open_slots__gt=0)
            case "practice" | "exam" as use:
                return rows.exclude(use=Comparison.Use.WORK).filter(use=use)
        return rows.none()

    def choices(self, changelist: Any) -> Any:
        yield {"selected": not self.wanted["stand"], "query_string": self.without(changelist), "display": _("All")}
        names = (
            (OPEN, _("wants judgments")),
            (Comparison.Use.PRACTICE, _("practice")),
            (Comparison.Use.EXAM, _("exam")),
        )
        for value, name in names:
            address = changelist.get_query_string({"stand": value})
            yield {"selected": self.wanted["stand"] == value, "query_string": address, "display": name}


@admin.register(Comparison)
class ComparisonAdmin(ReadOnlyAdmin):
    list_display = ("id", "project", "begins", "use", "target_judgments", "open_slots", "priority", "created_at")
    list_select_related = ("project", "prompt")
    list_filter = (ProjectFilter, StandFilter)
    searches = (number("pk", "prompt"),)
    search_help_text = gettext_lazy("The id of a comparison or of a prompt.")
    fieldsets = (
        (None, {"fields": ("page", "asked", "shown", "judged")}),
        (
            gettext_lazy("In the queue"),
            {"fields": ("project", "use", "target_judgments", "open_slots", "priority", "topic")},
        ),
        (gettext_lazy("Where it comes from"), {"fields": ("import_batch_id", "extra", "created_at")}),
    )

    @admin.display(description=gettext_lazy("prompt"))
    def begins(self, comparison: Comparison) -> str:
        return comparison.prompt.last_message[:80]

    @admin.display(description=gettext_lazy("page"))
    def page(self, comparison: Comparison) -> SafeString:
        address = reverse("labeling-comparison", args=[comparison.project.slug, comparison.pk])
        return link(address, _("Comparison %(id)s") % {"id": comparison.pk})

    @admin.display(description=gettext_lazy("prompt"))
    def asked(self, comparison: Comparison) -> SafeString | str:
        turns = comparison.prompt.messages
        return listed(format_html("{}{}", turn["role"], as_text(str(turn["content"]))) for turn in turns)

    @admin.display(description=pgettext_lazy("column", "responses"))
    def shown(self, comparison: Comparison) -> SafeString | str:
        responses = responses_of(comparison)
        letters = letters_of(response.pk for response in responses)
        return listed(
            format_html(
                "<strong>{}</strong> · {}{}",
                letters[response.pk],
                response.policy_name or _("policy unknown"),
                as_text(response.content),
            )
            for response in responses
        )

    @admin.display(description=gettext_lazy("judgments"))
    def judged(self, comparison: Comparison) -> SafeString | str:
        responses = [response.pk for response in responses_of(comparison)]
        found = Judgment.objects.filter(comparison=comparison).select_related("annotator").order_by("judged_at", "pk")
        return listed(
            format_html(
                "{} · {} · {}",
                link(reverse("admin:labeling_judgment_change", args=[one.pk]), told_verdict(one, responses)),
                one.annotator,
                moment(one.judged_at),
            )
            for one in found[:JUDGMENTS_SHOWN]
        )

    @admin.display(description=gettext_lazy("metadata"))
    def extra(self, comparison: Comparison) -> SafeString | str:
        return as_json(comparison.metadata)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Newest first; those that want judgments by how many they want, which is how their index has them."""
        is_open = request.GET.get("stand") == OPEN and request.GET.get("project", "").strip()
        return ("-open_slots", "-pk") if is_open else ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Comparison]:
        return super().get_queryset(request).select_related("project", "prompt")
