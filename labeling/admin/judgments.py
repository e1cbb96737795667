"""Judgments in admin: who said what, in words, and what became of it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from config.administration.filters import ChoiceFilter, choice, time
from config.administration.searches import number, uuid
from config.administration.shown import as_text, id_of, link
from labeling.admin.filters import ProjectFilter, person_filter
from labeling.admin.read_only import ReadOnlyAdmin
from labeling.admin.verdicts import (
    listed,
    moment,
    responses_of,
    told_chain,
    told_responses,
    told_verdict,
)
from labeling.models import Judgment, Purpose

IN_PROJECT = ("project",)
COMPARISON_ID = id_of("comparison", gettext_lazy("comparison"))


class PurposeFilter(ChoiceFilter):
    """What is no work is said apart to be none: by that, both engines know the small index that holds it."""

    column = "purpose"
    parameters = ("purpose",)
    needs = IN_PROJECT

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        narrowed = super().narrow(rows)
        return narrowed if self.wanted["purpose"] == Purpose.WORK else narrowed.exclude(purpose=Purpose.WORK)


@admin.register(Judgment)
class JudgmentAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "at",
        "in_short",
        "annotator",
        "project",
        "purpose",
        "source",
        COMPARISON_ID,
    )
    list_select_related = ("project", "annotator")
    list_filter = (
        ProjectFilter,
        person_filter("annotator", gettext_lazy("annotator")),
        PurposeFilter,
        choice("source", needs=IN_PROJECT),
        time("judged_at", needs=IN_PROJECT),
    )
    searches = (number("pk", "comparison"), uuid("client_id", "assignment"))
    search_help_text = gettext_lazy("The id of a judgment or of a comparison, a client id, or the id of an assignment.")
    fieldsets = (
        (None, {"fields": ("verdict", "shown", "reason_given", "flags_set", "wrote")}),
        (
            gettext_lazy("Who and when"),
            {"fields": ("annotator", "judged_at", "looked", "purpose", "source", "is_surplus", "guidelines")},
        ),
        (gettext_lazy("What became of it"), {"fields": ("chain", "reviews")}),
        (gettext_lazy("Where"), {"fields": ("project", "page", "prompt", "assignment_id", "client_id")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Judgment]:
        rows = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name == "labeling_judgment_change":
            return rows.select_related("project", "annotator", "comparison__prompt", "guideline_version", "written")
        return rows.prefetch_related("comparison__members")  # for the letters of the responses

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Newest first: by time where an index holds a project's or a person's judgments by time, else by number."""
        narrowed = any(request.GET.get(name, "").strip() for name in ("project", "annotator"))
        return ("-judged_at", "-pk") if narrowed else ("-pk",)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The judgment, with the responses that it is about, read once for all that is said of them."""
        judgment = super().get_object(request, object_id, from_field)
        if judgment is not None:
            judgment.responses_shown = responses_of(judgment.comparison)
        return judgment

    @admin.display(description=gettext_lazy("verdict"))
    def in_short(self, judgment: Judgment) -> str:
        return told_verdict(judgment, [member.response_id for member in judgment.comparison.members.all()])

    @admin.display(description=pgettext_lazy("column", "judged at"))
    def at(self, judgment: Judgment) -> str:
        return moment(judgment.judged_at)

    @admin.display(description=gettext_lazy("verdict"))
    def verdict(self, judgment: Any) -> str:
        return told_verdict(judgment, [response.pk for response in judgment.responses_shown])

    @admin.display(description=gettext_lazy("responses, as shown"))
    def shown(self, judgment: Any) -> SafeString | str:
        return told_responses(judgment, judgment.responses_shown)

    @admin.display(description=gettext_lazy("reason given"))
    def reason_given(self, judgment: Judgment) -> SafeString | str:
        return as_text(judgment.reason)

    @admin.display(description=gettext_lazy("flags set"))
    def flags_set(self, judgment: Judgment) -> str:
        return ", ".join(map(str, judgment.flags)) or "-"

    @admin.display(description=gettext_lazy("what they wrote"))
    def wrote(self, judgment: Judgment) -> SafeString | str:
        return as_text(judgment.written.content) if judgment.written else "-"

    @admin.display(description=gettext_lazy("looked at it"))
    def looked(self, judgment: Judgment) -> str:
        if judgment.dwell_ms is None:
            return "-"
        return _("%(n)s s") % {"n": number_format(judgment.dwell_ms / 1000, 1)}

    @admin.display(description=gettext_lazy("guidelines"))
    def guidelines(self, judgment: Judgment) -> SafeString | str:
        version = judgment.guideline_version
        if version is None:
            return "-"
        return link(reverse("admin:labeling_guidelineversion_change", args=[version.pk]), f"v{version.number}")

    @admin.display(description=gettext_lazy("versions"))
    def chain(self, judgment: Judgment) -> SafeString | str:
        versions = Judgment.objects.filter(
            comparison=judgment.comparison_id, annotator=judgment.annotator_id, purpose=judgment.purpose
        )
        return told_chain(judgment, list(versions.order_by("revision")))

    @admin.display(description=gettext_lazy("reviews"))
    def reviews(self, judgment: Judgment) -> SafeString | str:
        found = judgment.reviews.select_related("reviewer").order_by("pk")
        return listed(
            format_html(
                "{} · {} · {}{}",
                review.get_outcome_display(),
                review.reviewer,
                moment(review.created_at),
                as_text(review.comment) if review.comment else "",
            )
            for review in found
        )

    @admin.display(description=gettext_lazy("comparison"))
    def page(self, judgment: Any) -> SafeString:
        address = reverse("labeling-comparison", args=[judgment.project.slug, judgment.comparison_id])
        return link(address, _("Comparison %(id)s") % {"id": judgment.comparison_id})

    @admin.display(description=gettext_lazy("prompt"))
    def prompt(self, judgment: Judgment) -> SafeString | str:
        return as_text(judgment.comparison.prompt.last_message)
