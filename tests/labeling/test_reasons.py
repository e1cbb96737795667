"""Every reason that statistics give for having no value can be said in the reader's language."""

import ast
from collections.abc import Iterator
from pathlib import Path

import labeling
from labeling.quality import measuring, people
from labeling.reasons import KNOWN, say_reason

STATS = Path(labeling.__file__).parent / "stats"


def reasons_in(source: str) -> Iterator[str]:
    """What stands in `Undefined(…)`, with 7 wherever something varies; names that are no literal are left out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Undefined" and node.args:
            given = node.args[0]
            if isinstance(given, ast.Constant):
                yield str(given.value)
            elif isinstance(given, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in given.values)


def is_known(reason: str) -> bool:
    from labeling.reasons import _patterns

    return any(pattern.fullmatch(reason) for _template, pattern in _patterns())


def test_every_reason_of_the_statistics_is_in_the_catalogue() -> None:
    files = [*STATS.rglob("*.py"), Path(people.__file__), Path(measuring.__file__)]
    found = {reason for file in files for reason in reasons_in(file.read_text(encoding="utf-8"))}
    assert len(found) > 40
    assert sorted(reason for reason in found if not is_known(reason)) == []


def test_what_varies_is_kept() -> None:
    said = say_reason("units have from 2 to 5 labels, and it wants as many on each")
    assert said == "units have from 2 to 5 labels, and it wants as many on each"


def test_a_reason_nobody_knows_stays_as_it_is() -> None:
    assert say_reason("the moon was full") == "the moon was full"


def test_no_reason_stands_twice() -> None:
    assert len(set(KNOWN)) == len(KNOWN)
