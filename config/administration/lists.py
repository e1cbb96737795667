"""Lists that cost the same at any size: one page by an index, then the next one from where it ended."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from config.administration.counts import Count, counted, estimated
from config.administration.cursors import InvalidCursor, behind, cursor_of
from config.administration.plans import planned_for_its_values

ROWS_ON_A_PAGE = 50
# What somebody typed → the rows they may have meant, by a column with an index; None where it cannot be such a value.
Search = Callable[[str], Q | None]


class FlatChangeList(ChangeList):
    """A page of a list and where the next one begins, without page numbers.

    `p` in the address is the last row of the page before, not a number: rows that are passed over are not read.
    """

    said_count: str
    older: str

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.title = capfirst(str(self.opts.verbose_name_plural))

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """What the list's admin says, whatever the address asks for."""
        return list(self.model_admin.get_ordering(request))

    def get_results(self, request: HttpRequest) -> None:
        ordering = self.get_ordering(request, self.queryset)
        rows = self.queryset
        if cursor := request.GET.get(PAGE_VAR, ""):
            try:
                rows = rows.filter(behind(self.model, ordering, cursor))
            except InvalidCursor as error:
                raise IncorrectLookupParameters from error
        found = list(rows[: self.list_per_page + 1])
        has_older = len(found) > self.list_per_page
        self.result_list = found[: self.list_per_page]
        self.is_newest = not cursor
        self.older = self.get_query_string({PAGE_VAR: cursor_of(self.result_list[-1], ordering)}) if has_older else ""
        self.newest = self.get_query_string()
        count = self._count(len(found) if self.is_newest and not has_older else None)
        self.said_count = count.said_of(str(self.opts.verbose_name_plural))
        # Django offers to select what is on other pages when there is more than this.
        self.result_count = len(self.result_list)
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.full_result_count = None
        self.show_admin_actions = True

    def _count(self, exact: int | None) -> Count:
        if exact is not None:
            return Count(exact)
        is_narrowed = bool(self.query or self.has_active_filters)
        return (None if is_narrowed else estimated(self.model)) or counted(self.queryset)


class FlatAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A table of any size: ordered, filtered and searched by indexed columns alone.

    A subclass names filters of `config.administration.filters`, `searches`, and orders by columns that are never null
    and that an index holds behind those it filters by.
    """

    searches: ClassVar[Sequence[Search]] = ()
    # A sentence for whoever asks to add a row or to delete one where that cannot be.
    why_not_added: ClassVar[Any] = _("Nothing is added here: this is made where the work is done, on its own page.")
    why_not_deleted: ClassVar[Any] = _("Nothing is deleted here: other rows stand on this one.")
    change_list_template = "admin/flat_change_list.html"
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)  # type: ignore[assignment, misc, unused-ignore]
    list_per_page = ROWS_ON_A_PAGE
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()

    class Media:
        css: ClassVar[dict[str, list[str]]] = {"all": ["css/administration.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        with planned_for_its_values():
            return super().changelist_view(request, extra_context)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return FlatChangeList

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("pk",) if self.searches else ()  # that there is something to search by; what, `searches` says

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = search_term.strip().replace("\x00", "")
        if not words:
            return queryset, False
        meant = Q(pk__in=[])
        for search in self.searches:
            meant |= search(words) or Q(pk__in=[])
        return queryset.filter(meant), False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """The filters' own parameters and nothing else: any other column would be looked for row by row."""
        filters: Any = self.get_list_filter(request)
        return any(lookup in filter.parameters for filter in filters)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"title": capfirst(str(self.opts.verbose_name)), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)
        return self._refusal(request, self.why_not_added)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if self.has_delete_permission(request):
            return super().delete_view(request, object_id, extra_context)
        return self._refusal(request, self.why_not_deleted)

    def _refusal(self, request: HttpRequest, sentence: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": capfirst(str(self.opts.verbose_name)),
            "sentence": sentence,
        }
        return TemplateResponse(request, "admin/refused.html", context, status=403)


class ReadOnlyAdmin(FlatAdmin):
    """Lists and shows rows; services alone write them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
