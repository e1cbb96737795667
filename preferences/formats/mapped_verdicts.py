"""The verdicts of a row that a field mapping describes, as the native format writes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields, verdicts
from preferences.formats.cells import as_number, as_word, number_in, truth_in, value_of, values_of
from preferences.formats.format import Row
from preferences.formats.mapping import VerdictMapping
from preferences.formats.mapping_keys import Columns
from preferences.records import Ranking

_LONGEST_MS = 2**31 - 1


@dataclass(frozen=True)
class Compared:
    """The K responses of a row, as a verdict may name them: by number, by column, by policy."""

    k: int
    columns: tuple[str, ...]
    policies: tuple[str | None, ...]

    def index(self, value: Any, name: str) -> int:
        """The index of the response that a value names. Raises: InvalidRow if it names none, or two."""
        if self.names(value):
            return self.columns.index(value) if value in self.columns else self.policies.index(value)
        try:
            number = as_number(value, name)
        except InvalidRow:
            number = None
        return self.numbered(number, value, name)

    def names(self, value: Any) -> bool:
        """Whether a value is the column or the policy of exactly one response."""
        return (self.columns.count(value) or self.policies.count(value)) == 1

    def numbered(self, number: float | None, value: Any, name: str) -> int:
        """The index of the response of a number from 1."""
        if number not in range(1, self.k + 1):
            raise InvalidRow(f"“{name}” is {value!r}, which is none of the {self.k} responses.", reason="bad-judgment")
        return int(number or 0) - 1

    def only(self, index: int) -> list[list[int]]:
        """One response above the others; of two, the other is named below it."""
        return [[index], [1 - index]] if self.k == 2 else [[index]]

    def tie(self) -> list[list[int]]:
        return [list(range(self.k))]


def judgments_of(row: Row, mappings: tuple[VerdictMapping, ...], compared: Compared) -> Iterator[dict[str, Any]]:
    """The verdicts of a row. Raises: InvalidRow, naming the column."""
    for said in mappings:
        for verdict in _rows_of(row, said):
            judgment = _judgment(verdict, said, compared)
            if judgment is not None:
                yield judgment


def gold_of(row: Row, said: VerdictMapping, compared: Compared) -> Ranking | None:
    verdict = _verdict(row, said, compared)
    if verdict == "all_bad":
        raise InvalidRow("A gold answer ranks the responses; it cannot be that all are bad.", reason="bad-judgment")
    return verdicts.ranking(verdict, compared.k, "gold") if isinstance(verdict, list) else None


def _rows_of(row: Row, said: VerdictMapping) -> list[Row]:
    """The row itself, or one row for each object of a list, with the row's own columns behind it."""
    if said.each is None:
        return [row]
    listed = value_of(row, said.each) or []
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise InvalidRow(f"“{said.each}” is not a list of objects.", reason="bad-judgment")
    return [{**row, **item} for item in listed]


def _judgment(row: Row, said: VerdictMapping, compared: Compared) -> dict[str, Any] | None:
    """One verdict, or None where the row says none."""
    verdict = _verdict(row, said, compared)
    ratings = _ratings(row, said, compared)
    all_bad = verdict == "all_bad" or (said.all_bad is not None and truth_in(row, said.all_bad))
    if verdict is None and not ratings and not all_bad:
        return None
    annotator = as_word(value_of(row, said.annotator)) if said.annotator else said.annotator_name
    judgment = {
        "ranking": verdict if isinstance(verdict, list) else [],
        "all_bad": all_bad,
        "ratings": ratings,
        "source": said.source,
        "strength": _strength(row, said),
        "reason": value_of(row, said.reason),
        "dwell_ms": _dwell_ms(row, said),
        "judged_at": when.isoformat() if (when := _time(row, said.judged_at)) else None,
    }
    return {**judgment, "annotator": annotator} if annotator else judgment


def _verdict(row: Row, said: VerdictMapping, compared: Compared) -> list[list[int]] | str | None:
    """What a verdict says: a ranking, “all_bad”, or None for nothing."""
    if said.winner:
        return _winner(row, said.winner, said, compared)
    if said.ranks:
        return _ranked(row, said, compared)
    if said.order:
        return _ordered(row, said.order, said, compared)
    return _scored(row, said.score, said, compared) if said.score else None


def _winner(row: Row, name: str, said: VerdictMapping, compared: Compared) -> list[list[int]] | str | None:
    value = value_of(row, name)
    if value is None or value == "":
        return None
    meaning = said.values.get(str(as_word(value)))
    if meaning is None and (not said.values or compared.names(value)):
        return compared.only(compared.index(value, name))
    if meaning is None:
        known = ", ".join(said.values)
        raise InvalidRow(f"“{name}” is {value!r}; the mapping knows {known}.", reason="bad-judgment")
    if isinstance(meaning, int):
        return compared.only(compared.numbered(meaning, value, name))
    return {"tie": compared.tie(), "all_bad": "all_bad", "skip": None}[meaning]


def _ranked(row: Row, said: VerdictMapping, compared: Compared) -> list[list[int]] | None:
    """Groups of equal numbers; a response without a number is not ranked, and nothing is said where none has one."""
    groups: dict[float, list[int]] = {}
    for index, (name, value) in enumerate(_for_each(row, said.ranks, compared, "ranks")):
        rank = as_number(value, name)
        if rank is not None:
            groups.setdefault(rank, []).append(index)
    return [groups[rank] for rank in sorted(groups, reverse=said.best == "highest")] or None


def _ordered(row: Row, name: str, said: VerdictMapping, compared: Compared) -> list[list[int]] | None:
    """Responses best first; a list within the list is a tie."""
    value = value_of(row, name)
    if value is None:
        return None
    if not isinstance(value, list):
        raise InvalidRow(f"“{name}” is not a list of responses.", reason="bad-judgment")
    shift = 1 - said.first
    groups = [item if isinstance(item, list) else [item] for item in value]
    return [
        [compared.index(item + shift if isinstance(item, int) else item, name) for item in group] for group in groups
    ]


def _scored(row: Row, name: str, said: VerdictMapping, compared: Compared) -> list[list[int]] | None:
    score = number_in(row, name)
    if score is None:
        return None
    if compared.k != 2:
        raise InvalidRow(f"“{name}” compares two responses; the row has {compared.k}.", reason="bad-judgment")
    if score == said.middle:
        return compared.tie()
    return compared.only(said.above - 1 if score > said.middle else 2 - said.above)


def _ratings(row: Row, said: VerdictMapping, compared: Compared) -> dict[str, dict[str, float]]:
    ratings: dict[str, dict[str, float]] = {}
    for attribute, columns in said.ratings.items():
        for index, (name, value) in enumerate(_for_each(row, columns, compared, f"ratings of “{attribute}”")):
            rating = as_number(value, name)
            if rating is not None:
                ratings.setdefault(str(index), {})[attribute] = rating
    return ratings


def _for_each(row: Row, columns: Columns, compared: Compared, what: str) -> list[tuple[str, Any]]:
    """A value for each response. Raises: InvalidRow if there are more or fewer."""
    values = values_of(row, columns)
    if len(values) != compared.k:
        raise InvalidRow(f"The row has {compared.k} responses and {len(values)} {what}.", reason="bad-judgment")
    return values


def _strength(row: Row, said: VerdictMapping) -> int | None:
    name = said.strength or said.score
    number = number_in(row, name)
    if name is None or number is None:
        return None
    distance = number if said.strength else abs(number - said.middle)
    if not said.strengths:
        return fields.whole_number(distance, name, 0, 3)
    strength = said.strengths.get(as_word(distance))
    if strength is None:
        known = ", ".join(said.strengths)
        raise InvalidRow(f"“{name}” gives {distance:g}; “strengths” knows {known}.", reason="bad-judgment")
    return strength


def _dwell_ms(row: Row, said: VerdictMapping) -> int | None:
    """How long the judgment took, at most what a whole number in the database can be."""
    if said.dwell_between:
        start, end = (_time(row, column) for column in said.dwell_between)
        milliseconds = None if start is None or end is None else (end - start).total_seconds() * 1000
    elif said.dwell_seconds:
        seconds = number_in(row, said.dwell_seconds)
        milliseconds = None if seconds is None else seconds * 1000
    else:
        milliseconds = number_in(row, said.dwell_ms)
    return None if milliseconds is None else min(round(milliseconds), _LONGEST_MS)


def _time(row: Row, column: str | None) -> datetime | None:
    value = value_of(row, column)
    if value is None or value == "":
        return None
    return verdicts.time(value.removesuffix(" UTC") if isinstance(value, str) else value, str(column))
