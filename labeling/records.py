"""The same judgment in its two shapes: a row that names responses by id, a record that names them by index."""

from collections.abc import Iterable, Mapping
from typing import Any

from labeling.models import Judgment, Prompt, Purpose, Response
from preferences.hashing import canonical_json
from preferences.records import JudgmentRecord, Message, Ranking, ResponseRecord


def response_record(response: Response) -> ResponseRecord:
    """What a snapshot keeps of a response: what it says, and where it came from."""
    return ResponseRecord(
        content=response.content,
        policy=response.policy_name or None,
        sampling=response.sampling or None,
        kind=response.kind,  # type: ignore[arg-type]  # the database holds the three kinds
    )


def prompt_messages(prompt: Prompt) -> tuple[Message, ...]:
    return tuple(Message(role=turn["role"], content=turn["content"]) for turn in prompt.messages)


def ranking_by_index(ranking: Iterable[Iterable[int]], index_of: Mapping[int, int]) -> Ranking:
    """Groups of response ids as groups of indices into the comparison."""
    return tuple(tuple(sorted(index_of[pk] for pk in group)) for group in ranking)


def judgment_record(judgment: Judgment, index_of: Mapping[int, int]) -> JudgmentRecord:
    """A stored verdict as a record. The annotator and the guideline version must have been fetched with it.

    Args:
        index_of: response id → index in the comparison's record.
    """
    version = judgment.guideline_version
    return JudgmentRecord(
        annotator=judgment.annotator.pseudonym,
        ranking=ranking_by_index(judgment.ranking, index_of),
        strength=judgment.strength,
        all_bad=judgment.all_bad,
        ratings={index_of[int(pk)]: values for pk, values in judgment.ratings.items()},
        flags=tuple(judgment.flags),
        reason=judgment.reason,
        dwell_ms=judgment.dwell_ms,
        shown_order=tuple(index_of[pk] for pk in judgment.shown_order),
        guideline_version=version.number if version else None,
        judged_at=judgment.judged_at,
        source=judgment.source,  # type: ignore[arg-type]  # the database holds the three sources
        # An adjudication stands beside the target and is no surplus for that.
        is_surplus=judgment.is_surplus and judgment.purpose != Purpose.ADJUDICATION,
    )


def verdict_key(judgment: JudgmentRecord) -> bytes:
    """What was judged, in one form: equal for two verdicts that say the same of the same canonical comparison.

    Who judged, when, for how long and in which order it was shown is no part of it.
    """
    said: dict[str, Any] = {
        "ranking": [sorted(group) for group in judgment.ranking],
        "strength": judgment.strength,
        "all_bad": judgment.all_bad,
        "ratings": judgment.ratings,
        "flags": sorted(set(judgment.flags)),
        "reason": judgment.reason,
    }
    return canonical_json(said)
