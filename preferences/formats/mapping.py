"""A field mapping: which columns of a table hold the prompt, the responses and what was judged of them.

Written by a person as TOML or JSON; docs/formats.md says what each key means. Everything is checked before the first
row is read, and what is wrong is named by its key.
"""

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, cast, get_args

from preferences.errors import InvalidMapping
from preferences.formats import mapping_keys as keys
from preferences.formats.mapping_keys import Columns
from preferences.records import JudgmentSource

Meaning = int | Literal["tie", "all_bad", "skip"]
Kind = Literal["comparison", "demonstration"]

_VERDICTS = ("winner", "ranks", "order", "score")


@dataclass(frozen=True)
class VerdictMapping:
    """Where one verdict of a row stands. Exactly one of winner, ranks, order and score is given, or only ratings.

    Attributes:
        each: the column with a list of objects, one verdict each; columns are then looked up in the object first.
        winner: the column that names the better response; `values` says what its values mean: a response's number
            from 1, `tie`, `all_bad`, or `skip` for no verdict. What they do not say may be a response's column or
            policy, and without them its number.
        ranks: a number for each response; equal ones are tied. `best` says which end is best.
        order: the column with a list of responses, best first, by number from `first`.
        score: a number whose distance from `middle` is the strength (through `strengths`, if given), and which
            prefers response `above` where it lies above the middle; a tie on it.
        source: who judged: `simulated` for a machine, which is kept apart from people.
    """

    each: str | None = None
    annotator: str | None = None
    annotator_name: str | None = None
    winner: str | None = None
    values: Mapping[str, Meaning] = field(default_factory=dict)
    ranks: Columns = ()
    best: Literal["lowest", "highest"] = "lowest"
    order: str | None = None
    first: int = 1
    score: str | None = None
    above: int = 1
    middle: float = 0
    strengths: Mapping[str, int] = field(default_factory=dict)
    strength: str | None = None
    all_bad: str | None = None
    ratings: Mapping[str, Columns] = field(default_factory=dict)
    reason: str | None = None
    dwell_ms: str | None = None
    dwell_seconds: str | None = None
    dwell_between: tuple[str, ...] = ()
    judged_at: str | None = None
    source: JudgmentSource = "imported"


@dataclass(frozen=True)
class TableMapping:
    """Where the parts of a comparison stand in a row; docs/formats.md has an example of each.

    Attributes:
        prompt: columns whose texts are joined by `join`, or one that holds messages.
        responses: a column for each response, or one with a list, of texts or of objects with `content` and `policy`.
        policies: as responses; `policies_split` cuts one column's text into them.
        pictures: whether the responses are pictures: data URLs, or paths beside the file.
        metadata: name → column.
    """

    prompt: tuple[str, ...]
    responses: Columns
    kind: Kind = "comparison"
    join: str = "\n\n"
    system: str | None = None
    documents: tuple[str, ...] = ()
    content: str | None = None
    policy: str | None = None
    policies: Columns = ()
    policies_split: str | None = None
    pictures: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    judgments: tuple[VerdictMapping, ...] = ()
    gold: VerdictMapping | None = None

    @classmethod
    def from_dict(cls, said: Any) -> "TableMapping":
        """Raises: InvalidMapping, with a sentence that names the key."""
        table = keys.table(said, "The mapping")
        for name in ("prompt", "responses"):
            if name not in table:
                raise InvalidMapping(f"The mapping says no “{name}”: name the column or columns that hold it.")
        mapping = cls(**_meant(cls, table, ""))
        if mapping.kind == "demonstration" and (mapping.judgments or mapping.gold):
            raise InvalidMapping("A mapping of demonstrations has no “judgments” and no “gold”.")
        return mapping


def parse_mapping(content: bytes) -> dict[str, Any]:
    """What a mapping file says, checked, as JSON can keep it. Raises: InvalidMapping."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidMapping("The mapping is not UTF-8.") from None
    try:
        said: Any = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidMapping(f"The mapping is neither TOML nor a JSON object: {error}.") from None
    TableMapping.from_dict(said)
    return cast(dict[str, Any], json.loads(json.dumps(said, default=str)))


def _meant(cls: type[Any], table: dict[str, Any], where: str) -> dict[str, Any]:
    """The values of a table, each read by its key. Raises: InvalidMapping for a key that does not exist."""
    known = {each.name for each in fields(cls)}
    if unknown := sorted(set(table) - known):
        raise InvalidMapping(f"There is no key “{where}{unknown[0]}”. There are: {', '.join(sorted(known))}.")
    return {name: _READERS[name](value, f"{where}{name}") for name, value in table.items()}


def _meaning(value: Any, name: str) -> Meaning:
    if value in ("tie", "all_bad", "skip") or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return cast(Meaning, value)
    raise InvalidMapping(f"“{name}” is {value!r}; it is a response's number from 1, “tie”, “all_bad” or “skip”.")


def _verdict(value: Any, name: str) -> VerdictMapping:
    verdict = VerdictMapping(**_meant(VerdictMapping, keys.table(value, f"“{name}”"), f"{name}, "))
    given = [key for key in _VERDICTS if getattr(verdict, key)]
    if len(given) > 1:
        raise InvalidMapping(f"“{name}” has “{given[0]}” and “{given[1]}”: a verdict is said by one of them.")
    for key, needed in _BELONGS_TO.items():
        if key in value and needed not in given:
            raise InvalidMapping(f"“{name}” has “{key}” without “{needed}”, which it belongs to.")
    if not (given or verdict.ratings or verdict.all_bad):
        raise InvalidMapping(f"“{name}” says no verdict: give it {', '.join(_VERDICTS)} or ratings.")
    return verdict


def _gold(value: Any, name: str) -> VerdictMapping:
    verdict = _verdict(value, name)
    beside = [each.name for each in fields(verdict) if each.name not in _GOLD and each.name in value]
    if beside:
        raise InvalidMapping(f"“{name}” has “{beside[0]}”: a gold answer is a ranking and nothing else.")
    return verdict


def _verdicts(value: Any, name: str) -> tuple[VerdictMapping, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(_verdict(item, f"{name}, {place}") for place, item in enumerate(listed, start=1))


_BELONGS_TO = {"values": "winner", "best": "ranks", "first": "order", "above": "score", "middle": "score"}
_GOLD = {"winner", "values", "ranks", "best", "order", "first", "score", "above", "middle"}
_COLUMNS = (
    *("system", "content", "policy", "each", "annotator", "winner", "order", "score", "strength", "all_bad", "reason"),
    *("dwell_ms", "dwell_seconds", "judged_at"),
)
_READERS: dict[str, Callable[[Any, str], Any]] = {
    "kind": keys.one_of(*get_args(Kind)),
    "prompt": keys.columns,
    "join": keys.text,
    "documents": keys.columns,
    "responses": keys.list_or_columns,
    "policies": keys.list_or_columns,
    "policies_split": keys.column,
    "pictures": keys.truth,
    "metadata": keys.renamed_columns,
    "judgments": _verdicts,
    "gold": _gold,
    "annotator_name": keys.text,
    "values": keys.table_of(_meaning),
    "ranks": keys.list_or_columns,
    "best": keys.one_of("lowest", "highest"),
    "first": keys.whole(0, 1),
    "above": keys.whole(1, 2),
    "middle": keys.number,
    "strengths": keys.table_of(keys.whole(0, 3)),
    "ratings": keys.table_of(keys.list_or_columns),
    "dwell_between": keys.two_columns,
    "source": keys.one_of("imported", "simulated"),
    **dict.fromkeys(_COLUMNS, keys.column),
}
