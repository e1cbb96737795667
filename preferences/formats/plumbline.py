"""The native format: one comparison or demonstration a row, nothing lost.

{"prompt": text or messages, "responses": [{"content" or "picture", "alt"?, "policy"?, "sampling"?, "kind"?}],
 "judgments": [{"annotator", "ranking": [[index, …], …], "strength"?, "all_bad"?, "ratings"?, "flags"?, "reason"?,
                "dwell_ms"?, "shown_order"?, "guideline_version"?, "judged_at"?, "source"?, "is_surplus"?}]?,
 "gold": [[index, …], …]?, "documents": [text or {"title"?, "text"}]?, "metadata"?, "kind": "demonstration"?}
"""

import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any, get_args

from preferences.errors import InvalidRow, PreferenceError
from preferences.formats import fields, verdicts
from preferences.formats.report import ExportReport
from preferences.hashing import canonical_json
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, JudgmentRecord, RecordKind, ResponseKind, ResponseRecord
from preferences.rows import SnapshotRow

NAME = "plumbline"
EXTENSIONS = (".jsonl",)
DROPS = "nothing"
OPTIONAL_FIELDS = ("judgments", "gold", "documents", "metadata", "kind")
_KINDS: dict[str, RecordKind] = {"comparison": "comparison", "demonstration": "demonstration"}
_RESPONSE_KINDS: dict[str, ResponseKind] = {name: name for name in get_args(ResponseKind)}


def matches(row: dict[str, Any]) -> bool:
    responses = row.get("responses")
    if "prompt" not in row or not isinstance(responses, list):
        return False
    return any(isinstance(response, dict) for response in responses) or bool(
        {"judgments", "gold", "documents", "metadata", "kind"} & row.keys()
    )


def read(row: dict[str, Any]) -> ComparisonRecord:
    responses = fields.required(row, "responses")
    if not isinstance(responses, list):
        raise InvalidRow("“responses” is not a list.")
    k = len(responses)
    kind = fields.one_of(_KINDS, row.get("kind") or "comparison", "kind")
    judgments = row.get("judgments") or []
    if not is_list_of_objects(judgments):
        raise InvalidRow("“judgments” is not a list of objects.")
    gold = row.get("gold")
    return fields.record(
        prompt=fields.prompt(fields.required(row, "prompt")),
        responses=[response_of(response, f"responses, {place}") for place, response in enumerate(responses, start=1)],
        judgments=[
            verdicts.judgment(judgment, k, f"judgments, {place}") for place, judgment in enumerate(judgments, start=1)
        ],
        gold=None if gold is None else verdicts.ranking(gold, k, "gold"),
        metadata=metadata_of(row),
        kind=kind,
    )


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    record = row.record
    written: dict[str, Any] = {
        "prompt": [dict(turn) for turn in record.prompt],
        "responses": [_without_defaults(_response_fields(r), content=True) for r in record.responses],
    }
    if record.judgments:
        written["judgments"] = [_without_defaults(_judgment_fields(judgment)) for judgment in record.judgments]
    if record.gold is not None:
        written["gold"] = [list(group) for group in record.gold]
    if record.documents:
        written["documents"] = record.documents
    metadata = {name: value for name, value in record.metadata.items() if name != "documents" or not record.documents}
    if metadata:
        written["metadata"] = metadata
    if record.kind == "demonstration":
        written["kind"] = record.kind
    report.rows += 1
    yield written


def is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def metadata_of(row: dict[str, Any]) -> dict[str, Any]:
    """What a row says of its prompt, context documents among it. Raises: InvalidRow."""
    return {**(_object(row.get("metadata"), "metadata") or {}), **_documents(row.get("documents"))}


def response_of(value: Any, name: str) -> ResponseRecord:
    """A response given as a text or as an object with its policy and sampling. Raises: InvalidRow, naming `name`."""
    if isinstance(value, str):
        return ResponseRecord(fields.text(value, name))
    if not isinstance(value, dict):
        raise InvalidRow(f"“{name}” is neither a text nor an object with “content” or “picture”.")
    kind = fields.one_of(_RESPONSE_KINDS, value.get("kind") or "text", f"{name}, kind")
    policy, content = fields.policy(value.get("policy"), f"{name}, policy"), value.get("content")
    sampling = _object(value.get("sampling"), f"{name}, sampling")
    if "picture" in value:
        return fields.response_of_picture(value, name, policy=policy, sampling=sampling)
    if kind == "messages" or isinstance(content, list):
        turns = fields.messages(_parsed_messages(content, name), f"{name}, content")
        return fields.response_of_messages(turns, policy=policy, sampling=sampling)
    return ResponseRecord(fields.text(content, f"{name}, content"), policy, sampling, kind)


def _documents(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, list) or not all(isinstance(item, str | dict) for item in value):
        raise InvalidRow("“documents” is not a list of texts or objects.")
    return _object({"documents": value}, "documents") or {}


def _object(value: Any, name: str) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidRow(f"“{name}” is not an object.")
    try:
        canonical_json(value)
    except PreferenceError as error:
        raise InvalidRow(f"“{name}”: {error}") from None
    return value


def _parsed_messages(content: Any, name: str) -> Any:
    if not isinstance(content, str):
        return content
    try:
        return json.loads(content)
    except ValueError:
        raise InvalidRow(f"“{name}” is of kind messages, but its content is not a list of messages.") from None


def _response_fields(response: ResponseRecord) -> dict[str, Any]:
    kind = "" if response.kind == "text" else response.kind
    return {"content": response.content, "policy": response.policy, "sampling": response.sampling, "kind": kind}


def _judgment_fields(judgment: JudgmentRecord) -> dict[str, Any]:
    time = judgment.judged_at
    return {**judgment.as_json(), "judged_at": time.astimezone(UTC).isoformat() if time else None}


def _without_defaults(values: dict[str, Any], *, content: bool = False) -> dict[str, Any]:
    """Leave out what the reader fills in by itself; 0 is a value, not a default."""
    always = ("content",) if content else ("annotator", "ranking", "source")
    return {
        name: value
        for name, value in values.items()
        if name in always or not (value is None or value is False or value in ("", [], {}))
    }
