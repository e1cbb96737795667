"""Figures and times in the words that pages use."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import npgettext

register = template.Library()


@register.filter
def ago(moment: datetime | None) -> str:
    """How long ago, in one short word pair: "just now", "5 min", "3 h"; from two days on, the date."""
    if moment is None:
        return ""
    minutes = int((timezone.now() - moment).total_seconds() // 60)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return npgettext("ago", "%(n)d min", "%(n)d min", minutes) % {"n": minutes}
    if minutes < 48 * 60:
        return npgettext("ago", "%(n)d h", "%(n)d h", minutes // 60) % {"n": minutes // 60}
    return date_format(timezone.localtime(moment), "SHORT_DATE_FORMAT")


@register.filter
def stored_words(value: object) -> object:
    """Words that are stored in English (config/stored_words.py), in the reader's language, part by part of a list."""
    return "; ".join(_(part) for part in value.split("; ")) if isinstance(value, str) else value
