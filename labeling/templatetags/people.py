"""Shares, spans of time and first words, as the pages about people say them."""

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeling.models import Prompt

register = template.Library()
EXCERPT_CHARACTERS = 90


@register.filter
def percent(share: float) -> str:
    """A share, 0 to 1, in whole percent: 0.804 is "80 %"."""
    return _("%(n)d %%") % {"n": round(100 * share)}


@register.filter
def duration(seconds: int) -> str:
    """A span of time in its largest units: "40 s", "12 min", "3 h 5 min"."""
    minutes = seconds // 60
    if not minutes:
        return ngettext("%(n)d s", "%(n)d s", seconds) % {"n": seconds}
    if minutes < 60:
        return ngettext("%(n)d min", "%(n)d min", minutes) % {"n": minutes}
    return _("%(hours)d h %(minutes)d min") % {"hours": minutes // 60, "minutes": minutes % 60}


@register.filter
def excerpt(prompt: Prompt) -> str:
    """The first words of the last thing somebody said in a prompt."""
    texts = [turn.get("content", "") for turn in prompt.messages if turn.get("role") == "user"] or [""]
    words = " ".join(str(texts[-1]).split())
    return words if len(words) <= EXCERPT_CHARACTERS else words[: EXCERPT_CHARACTERS - 1] + "…"
