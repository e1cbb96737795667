"""A judgment and what it was about as a person reads them on an administration page."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from config.administration.shown import as_text, link
from labeling.asked import letter_of
from labeling.models import Comparison, Judgment, Response
from labeling.reviewing import in_words

MOST_LINES = 100


def responses_of(comparison: Comparison) -> list[Response]:
    """The responses in the order by which pages give them letters."""
    return list(comparison.responses.order_by("pk"))


def letters_of(responses: Iterable[int]) -> dict[int, str]:
    """What pages call each of a comparison's responses, by id."""
    return {pk: letter_of(index) for index, pk in enumerate(sorted(responses))}


def told_verdict(judgment: Judgment, responses: Iterable[int]) -> str:
    """What was said of these responses (ids): “B is much better than A”."""
    if judgment.is_retraction:
        return _("withdrawn: nothing is said any more")
    words = in_words(judgment, letters_of(responses))
    return f"{words} · {_('all bad')}" if judgment.all_bad and judgment.ranking else words


def told_responses(judgment: Judgment, responses: Sequence[Response]) -> SafeString | str:
    """Each response with its letter, its policy and what this person rated it, in the order that they saw."""
    by_pk = {response.pk: response for response in responses}
    letters = letters_of(by_pk)
    order = [pk for pk in judgment.shown_order if pk in by_pk] or list(by_pk)
    return listed(
        format_html(
            "<strong>{}</strong> · {}{}{}",
            letters[pk],
            by_pk[pk].policy_name or _("policy unknown"),
            _ratings(judgment.ratings.get(str(pk), {})),
            as_text(by_pk[pk].content),
        )
        for pk in order
    )


def told_chain(judgment: Judgment, chain: Sequence[Judgment]) -> SafeString | str:
    """Every version of one person's word on one comparison, the one that stands last."""
    return listed(
        format_html(
            "{} · {} · {}",
            _("version %(n)d") % {"n": one.revision}
            if one.pk == judgment.pk
            else link(
                reverse("admin:labeling_judgment_change", args=[one.pk]), _("version %(n)d") % {"n": one.revision}
            ),
            moment(one.judged_at),
            _("withdrawn") if one.is_retraction else _("stands") if one.pk == chain[-1].pk else _("superseded"),
        )
        for one in chain
    )


def listed(lines: Any) -> SafeString | str:
    """Lines one below another; a dash for none."""
    inner = format_html_join("", "<li>{}</li>", ((line,) for line in list(lines)[:MOST_LINES]))
    return format_html('<ul class="told-list">{}</ul>', inner) if inner else "-"


def moment(at: Any) -> str:
    return date_format(localtime(at), "SHORT_DATETIME_FORMAT")


def _ratings(values: dict[str, Any]) -> str:
    return "".join(f" · {name} {number_format(value)}" for name, value in sorted(values.items()))
