"""Rows of labeling that admin shows and never changes."""

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from config.administration import lists


class ReadOnlyAdmin(lists.ReadOnlyAdmin):
    """Lists and shows rows; services alone write them, and nothing that judgments stand on is deleted."""

    why_not_deleted: ClassVar = _(
        "Nothing is deleted here: judgments, and what was shown, frozen and trained from them, stand on each other. "
        "Archive the project instead, or leave an annotator out of a new snapshot."
    )
