"""Formats that preference data comes and goes in, by name."""

from collections.abc import Iterable, Iterator
from typing import Any

from preferences.errors import InvalidRow, UnknownFormat
from preferences.formats import (
    alpaca,
    arena,
    argilla,
    helpsteer2,
    helpsteer2_preference,
    helpsteer3,
    hh_rlhf,
    kto,
    label_studio,
    nectar,
    oasst,
    openai,
    openai_chat,
    openai_preference,
    openrlhf,
    plumbline,
    responses,
    trl,
    trl_implicit,
    ultrafeedback,
)
from preferences.formats.format import Format, Grouping, one
from preferences.formats.reading import Reading, read_rows
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.rows import SnapshotRow

__all__ = [
    "FORMATS",
    "ExportReport",
    "Format",
    "Grouping",
    "Reading",
    "detect",
    "export_rows",
    "format_named",
    "one",
    "read_rows",
]


# In the order in which they are tried: the most particular first.
FORMATS: dict[str, Format] = {
    format.name: format
    for format in (
        Format("responses", responses.matches, one(responses.read), responses.write, responses.DROPS),
        Format(
            "plumbline",
            plumbline.matches,
            one(plumbline.read),
            plumbline.write,
            plumbline.DROPS,
            optional_fields=plumbline.OPTIONAL_FIELDS,
        ),
        Format(
            "openai-preference",
            openai_preference.matches,
            one(openai_preference.read),
            openai_preference.write,
            openai_preference.DROPS,
        ),
        Format(
            "openai-chat",
            openai_chat.matches,
            openai_chat.read,
            openai_chat.write,
            openai_chat.DROPS,
            optional_fields=openai.SETTINGS,
            typed_fields=openai.SETTINGS,
        ),
        Format(
            "alpaca",
            alpaca.matches,
            one(alpaca.read),
            alpaca.write,
            alpaca.DROPS,
            optional_fields=alpaca.OPTIONAL_FIELDS,
        ),
        Format(
            "alpaca-ranking",
            alpaca.matches,
            one(alpaca.read),
            alpaca.write_ranking,
            alpaca.DROPS_RANKING,
            is_detected=False,
            optional_fields=alpaca.OPTIONAL_FIELDS,
        ),
        Format("label-studio", label_studio.matches, one(label_studio.read), None, label_studio.DROPS),
        Format("argilla", argilla.matches, one(argilla.read), None, argilla.DROPS),
        Format("oasst", oasst.matches, oasst.read, None, oasst.DROPS, grouping=oasst.GROUPING),
        Format("hh-rlhf", hh_rlhf.matches, one(hh_rlhf.read), hh_rlhf.write, hh_rlhf.DROPS, hh_rlhf.EXTENSIONS),
        Format(
            "kto",
            kto.matches,
            one(kto.read),
            kto.write,
            kto.DROPS,
            grouping=kto.GROUPING,
            typed_fields=kto.TYPED_FIELDS,
        ),
        Format(
            "ultrafeedback",
            ultrafeedback.matches,
            one(ultrafeedback.read),
            ultrafeedback.write,
            ultrafeedback.DROPS,
            typed_fields=ultrafeedback.SCORES,
        ),
        Format(
            "helpsteer3",
            helpsteer3.matches,
            one(helpsteer3.read),
            helpsteer3.write,
            helpsteer3.DROPS,
            typed_fields=helpsteer3.TYPED_FIELDS,
        ),
        Format(
            "helpsteer2-preference",
            helpsteer2_preference.matches,
            one(helpsteer2_preference.read),
            helpsteer2_preference.write,
            helpsteer2_preference.DROPS,
            typed_fields=helpsteer2_preference.TYPED_FIELDS,
        ),
        Format(
            "helpsteer2",
            helpsteer2.matches,
            one(helpsteer2.read),
            helpsteer2.write,
            helpsteer2.DROPS,
            grouping=helpsteer2.GROUPING,
            typed_fields=helpsteer2.ATTRIBUTES,
        ),
        Format("nectar", nectar.matches, one(nectar.read), nectar.write, nectar.DROPS),
        Format(
            "openrlhf",
            openrlhf.matches,
            one(openrlhf.read),
            openrlhf.write,
            openrlhf.DROPS,
            typed_fields=trl.TYPED_FIELDS,
        ),
        Format(
            "arena",
            arena.matches,
            one(arena.read),
            arena.write,
            arena.DROPS,
            optional_fields=arena.OPTIONAL_FIELDS,
            typed_fields=arena.TYPED_FIELDS,
        ),
        Format("trl", trl.matches, one(trl.read), trl.write, trl.DROPS, typed_fields=trl.TYPED_FIELDS),
        Format(
            "trl-implicit",
            trl_implicit.matches,
            one(trl_implicit.read),
            trl_implicit.write,
            trl_implicit.DROPS,
            typed_fields=trl.TYPED_FIELDS,
        ),
        Format(
            "kto-standard",
            kto.matches,
            one(kto.read),
            kto.write_standard,
            kto.DROPS_STANDARD,
            is_detected=False,
            grouping=kto.GROUPING,
            typed_fields=kto.TYPED_FIELDS,
        ),
        Format(
            "trl-standard",
            trl.matches,
            one(trl.read),
            trl.write_standard,
            trl.DROPS_STANDARD,
            is_detected=False,
            typed_fields=trl.TYPED_FIELDS,
        ),
        Format(
            "trl-implicit-standard",
            trl_implicit.matches,
            one(trl_implicit.read),
            trl_implicit.write_standard,
            trl_implicit.DROPS_STANDARD,
            is_detected=False,
            typed_fields=trl.TYPED_FIELDS,
        ),
    )
}


def format_named(name: str) -> Format:
    """Raises: UnknownFormat, naming those that exist."""
    try:
        return FORMATS[name]
    except KeyError:
        raise UnknownFormat(f"There is no format “{name}”. There are: {', '.join(sorted(FORMATS))}.") from None


def detect(rows: Iterable[dict[str, Any] | InvalidRow]) -> str:
    """Say which format rows are in: the one that most of them look like; of equals, the most particular.

    Args:
        rows: some rows from the start of a file; those that could not be parsed are passed over.

    Raises: UnknownFormat, naming the fields of the first row, if no row looks like any format.
    """
    parsed = [row for row in rows if isinstance(row, dict)]
    votes = {
        name: sum(1 for row in parsed if format.matches(row)) for name, format in FORMATS.items() if format.is_detected
    }
    best = max(votes, key=lambda name: votes[name])
    if votes[best]:
        return best
    if not parsed:
        raise UnknownFormat("No row of the file could be read, so its format is unknown.")
    fields = ", ".join(f"“{name}”" for name in list(parsed[0])[:8]) or "no field at all"
    raise UnknownFormat(f"No known format has rows with {fields}. There are: {', '.join(sorted(FORMATS))}.")


def export_rows(
    rows: Iterable[SnapshotRow], format: Format, rules: PairRules, report: ExportReport
) -> Iterator[dict[str, Any]]:
    """Write a snapshot's rows in a format, one by one; the report is complete when the iteration is."""
    if format.write is None:
        raise UnknownFormat(f"“{format.name}” can be read but not written.")
    for row in rows:
        yield from format.write(row, rules, report)
