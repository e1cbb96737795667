"""What reviewers said, in admin."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from config.administration.filters import choice, time
from config.administration.searches import number
from config.administration.shown import as_text, id_of, link
from labeling.admin.filters import ProjectFilter, person_filter
from labeling.admin.read_only import ReadOnlyAdmin
from labeling.admin.verdicts import responses_of, told_verdict
from labeling.models import Review

JUDGMENT_ID = id_of("judgment", gettext_lazy("judgment"))


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ("id", "project", JUDGMENT_ID, "reviewer", "outcome", "comment_begins", "created_at", "seen_at")
    list_select_related = ("project", "reviewer")
    list_filter = (
        ProjectFilter,
        person_filter("reviewer", gettext_lazy("reviewer")),
        choice("outcome", needs=("project",)),
        time("created_at", needs=("project",)),
    )
    searches = (number("pk", "judgment"),)
    search_help_text = gettext_lazy("The id of a review or of a judgment.")
    fields = ("project", "about", "said", "outcome", "comment_whole", "reviewer", "created_at", "seen_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        return super().get_queryset(request).select_related("project", "reviewer", "judgment__comparison")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("-created_at", "-pk") if request.GET.get("project", "").strip() else ("-pk",)

    @admin.display(description=gettext_lazy("comment"))
    def comment_begins(self, review: Review) -> SafeString:
        return format_html('<span dir="auto">{}</span>', review.comment[:80])

    @admin.display(description=gettext_lazy("comment"))
    def comment_whole(self, review: Review) -> SafeString | str:
        return as_text(review.comment)

    @admin.display(description=gettext_lazy("judgment"))
    def about(self, review: Review) -> SafeString:
        return link(reverse("admin:labeling_judgment_change", args=[review.judgment_id]), review.judgment_id)

    @admin.display(description=gettext_lazy("verdict"))
    def said(self, review: Review) -> str:
        responses = responses_of(review.judgment.comparison)
        return told_verdict(review.judgment, [response.pk for response in responses])
