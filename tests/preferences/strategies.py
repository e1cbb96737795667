"""Hostile but legal data: what a person could really send."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord

HOSTILE = (
    "\u202eright to left\u202c",
    "zero\u200bwidth",
    "👩‍👩‍👧‍👦 e\u0301 é",
    "한국어 답변입니다",
    "</script><script>alert(1)</script>",
    "\ttab\r\nline\u2028separator\u0085next",
    '"quoted" \\ backslash {json: true}',
    "\n\nHuman: hello\n\nAssistant: hi",
    "x" * 5000,
    "\x01\x1f control",
    "﻿byte order mark",
)
characters = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
texts = st.one_of(st.sampled_from(HOSTILE), st.text(characters, min_size=1, max_size=60)).filter(str.strip)
labels = st.text(characters, min_size=1, max_size=12).filter(str.strip)
numbers = st.one_of(st.integers(-(2**40), 2**40), st.floats(allow_nan=False, allow_infinity=False))
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text(characters, max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(characters, max_size=8), inner)),
    max_leaves=6,
)
json_objects = st.dictionaries(st.text(characters, max_size=10), json_values, max_size=3)


@st.composite
def prompts(draw: st.DrawFn) -> tuple[Message, ...]:
    turns = draw(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), texts), min_size=1, max_size=4))
    return tuple(Message(role=role, content=content) for role, content in turns)


@st.composite
def rankings(draw: st.DrawFn, k: int) -> tuple[tuple[int, ...], ...]:
    named = draw(st.permutations(range(k)))[: draw(st.integers(1, k))]
    cuts = [*sorted(draw(st.sets(st.integers(1, len(named)), max_size=len(named)))), len(named)]
    groups, start = [], 0
    for cut in cuts:
        if cut > start:
            groups.append(tuple(sorted(named[start:cut])))
            start = cut
    return tuple(groups)


@st.composite
def judgments(draw: st.DrawFn, k: int) -> JudgmentRecord:
    return JudgmentRecord(
        annotator=draw(labels),
        ranking=draw(rankings(k)),
        strength=draw(st.none() | st.integers(0, 3)),
        all_bad=draw(st.booleans()),
        ratings=draw(
            st.dictionaries(st.integers(0, k - 1), st.dictionaries(labels, st.integers(0, 4), max_size=2), max_size=k)
        ),
        flags=tuple(draw(st.lists(labels, max_size=2))),
        reason=draw(st.one_of(st.just(""), texts)),
        dwell_ms=draw(st.none() | st.integers(0, 10**9)),
        shown_order=draw(st.one_of(st.just(()), st.permutations(range(k)).map(tuple))),
        guideline_version=draw(st.none() | st.integers(1, 9)),
        judged_at=draw(st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))),
        source=draw(st.sampled_from(["person", "imported", "simulated"])),
        is_surplus=draw(st.booleans()),
    )


@st.composite
def comparisons(draw: st.DrawFn, max_k: int = 5, prompt: st.SearchStrategy = prompts()) -> ComparisonRecord:  # noqa: B008
    contents = draw(st.lists(texts, min_size=2, max_size=max_k, unique_by=lambda text: " ".join(text.split())))
    k = len(contents)
    return ComparisonRecord(
        prompt=draw(prompt),
        responses=tuple(
            ResponseRecord(content, draw(st.none() | labels), draw(st.none() | json_objects)) for content in contents
        ),
        judgments=tuple(draw(st.lists(judgments(k), max_size=3))),
        gold=draw(st.none() | rankings(k)),
        metadata=draw(json_objects),
    )
