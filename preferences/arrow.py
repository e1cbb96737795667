"""A snapshot's row as its Parquet file holds it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from preferences.hashing import canonical_json
from preferences.records import ComparisonRecord, JudgmentRecord, Message, RecordKind, ResponseRecord
from preferences.rows import SnapshotRow

_RANKING = pa.list_(pa.list_(pa.int32()))
_RESPONSE = pa.struct(
    [
        ("hash", pa.string()),
        ("content", pa.string()),
        ("kind", pa.string()),
        ("policy", pa.string()),
        ("sampling", pa.string()),  # JSON
    ]
)
_JUDGMENT = pa.struct(
    [
        ("annotator", pa.string()),
        ("source", pa.string()),
        ("ranking", _RANKING),
        ("strength", pa.int8()),
        ("all_bad", pa.bool_()),
        ("ratings", pa.string()),  # JSON: {"response index": {"attribute": value}}
        ("flags", pa.list_(pa.string())),
        ("reason", pa.string()),
        ("dwell_ms", pa.int64()),
        ("shown_order", pa.list_(pa.int32())),
        ("guideline_version", pa.int32()),
        ("judged_at", pa.timestamp("us", tz="UTC")),
        ("is_surplus", pa.bool_()),
    ]
)
SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("comparison", pa.string()),
        ("prompt_hash", pa.string()),
        ("split", pa.string()),
        ("prompt", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("responses", pa.list_(_RESPONSE)),
        ("judgments", pa.list_(_JUDGMENT)),
        ("gold", _RANKING),
        ("metadata", pa.string()),  # JSON
    ]
)


def arrow_row(content: dict[str, Any], times: list[int | None]) -> dict[str, Any]:
    """The row as the Parquet file holds it, from its hashed content and the times of its judgments.

    Args:
        content: as `content_of` gives it, after a round through JSON.
        times: per judgment, microseconds since 1970 in UTC, or None.
    """
    return {
        **content,
        "responses": [{**response, "sampling": _json_text(response["sampling"])} for response in content["responses"]],
        "judgments": [
            {**judgment, "ratings": _json_text(judgment["ratings"]), "judged_at": time}
            for judgment, time in zip(content["judgments"], times, strict=True)
        ],
        "metadata": _json_text(content["metadata"]),
    }


def _json_text(value: Any) -> str | None:
    return None if value is None else canonical_json(value).decode()


def microseconds(time: datetime | None) -> int | None:
    """Microseconds since 1970 in UTC, exactly (a float would lose the last digit)."""
    if time is None:
        return None
    since = time.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def row_from_arrow(values: Mapping[str, Any]) -> SnapshotRow:
    """Rebuild a row from what `pyarrow` gives for one line of the file."""
    kind: RecordKind = values["kind"]
    record = ComparisonRecord(
        prompt=tuple(Message(role=turn["role"], content=turn["content"]) for turn in values["prompt"]),
        responses=tuple(
            ResponseRecord(
                content=response["content"],
                policy=response["policy"],
                sampling=None if response["sampling"] is None else json.loads(response["sampling"]),
                kind=response["kind"],
            )
            for response in values["responses"]
        ),
        judgments=tuple(_judgment(judgment) for judgment in values["judgments"]),
        gold=None if values["gold"] is None else _ranking(values["gold"]),
        metadata=json.loads(values["metadata"]),
        kind=kind,
    )
    return SnapshotRow(record, values["split"], values["comparison"], values["prompt_hash"])


def _ranking(groups: list[list[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(group) for group in groups)


def _judgment(values: Mapping[str, Any]) -> JudgmentRecord:
    return JudgmentRecord(
        annotator=values["annotator"],
        ranking=_ranking(values["ranking"]),
        strength=values["strength"],
        all_bad=values["all_bad"],
        ratings={int(index): ratings for index, ratings in json.loads(values["ratings"]).items()},
        flags=tuple(values["flags"]),
        reason=values["reason"],
        dwell_ms=values["dwell_ms"],
        shown_order=tuple(values["shown_order"]),
        guideline_version=values["guideline_version"],
        judged_at=values["judged_at"],
        source=values["source"],
        is_surplus=values["is_surplus"],
    )
