"""Reading rows of any table by a field mapping: one row a comparison with its verdicts, or one row a verdict.

Rows of one comparison need not stand together: each brings its verdict, and an import adds it to what is there.
"""

from collections.abc import Mapping
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields, verdicts
from preferences.formats.cells import as_word, value_of, values_of
from preferences.formats.format import Format, Row, one
from preferences.formats.mapped_verdicts import Compared, gold_of, judgments_of
from preferences.formats.mapping import TableMapping
from preferences.records import ComparisonRecord, Message, ResponseRecord

NAME = "mapping"


def mapped_format(said: Mapping[str, Any]) -> Format:
    """The format that a mapping describes. Raises: InvalidMapping."""
    mapping = TableMapping.from_dict(dict(said))
    return Format(
        NAME,
        matches=lambda row: value_of(row, mapping.prompt[0]) is not None,
        read=one(lambda row: read_mapped(row, mapping)),
        write=None,
        drops="everything: it is read only",
        is_detected=False,
    )


def read_mapped(row: Row, mapping: TableMapping) -> ComparisonRecord:
    """Raises: InvalidRow, naming the column."""
    responses = _responses(row, mapping)
    k = len(responses)
    columns = mapping.responses if isinstance(mapping.responses, tuple) else ()
    compared = Compared(k, columns, tuple(response.policy for response in responses))
    return fields.record(
        prompt=_prompt(row, mapping),
        responses=responses,
        judgments=[
            verdicts.judgment(said, k, f"judgment {place}")
            for place, said in enumerate(judgments_of(row, mapping.judgments, compared), start=1)
        ],
        gold=None if mapping.gold is None else gold_of(row, mapping.gold, compared),
        metadata=_metadata(row, mapping),
        kind=mapping.kind,
    )


def _prompt(row: Row, mapping: TableMapping) -> tuple[Message, ...]:
    """The system message, if there is one, and the prompt's columns joined, without those that are empty."""
    first, *others = mapping.prompt
    asked = value_of(row, first)
    if asked is None:
        raise InvalidRow(f"The field “{first}” is missing.")
    if others:
        texts = [
            fields.text(value, column, may_be_empty=True)
            for column in mapping.prompt
            if (value := value_of(row, column)) is not None
        ]
        asked = mapping.join.join(text for text in texts if text.strip())
    system = value_of(row, mapping.system)
    before = [Message(role="system", content=fields.text(system, str(mapping.system)))] if system else []
    return (*before, *fields.prompt(asked, first))


def _responses(row: Row, mapping: TableMapping) -> list[ResponseRecord]:
    given = values_of(row, mapping.responses)
    policies = _policies(row, mapping, len(given))
    return [_response(name, value, policy, mapping) for (name, value), policy in zip(given, policies, strict=True)]


def _response(name: str, value: Any, policy: Any, mapping: TableMapping) -> ResponseRecord:
    content = value
    if isinstance(value, dict):
        if mapping.content is None:
            raise InvalidRow(f"“{name}” is an object; “content” of the mapping says which field is its text.")
        content = value_of(value, mapping.content)
        policy = value_of(value, mapping.policy) if mapping.policy else policy
    policy = fields.policy(as_word(policy), f"{name}, policy")
    if mapping.pictures:
        return fields.response_of_picture({"picture": content}, name, policy=policy)
    if isinstance(content, list):
        return fields.response_of_messages(fields.messages(content, name), policy=policy)
    return ResponseRecord(fields.text(content, name), policy)


def _policies(row: Row, mapping: TableMapping, k: int) -> list[Any]:
    """A policy, or None, for each response."""
    if not mapping.policies:
        return [None] * k
    if mapping.policies_split and isinstance(mapping.policies, str):
        joined = fields.text(value_of(row, mapping.policies), mapping.policies)
        policies: list[Any] = list(joined.split(mapping.policies_split))
    else:
        policies = [value for _name, value in values_of(row, mapping.policies)]
    if len(policies) != k:
        raise InvalidRow(f"The row has {k} responses and {len(policies)} policies.")
    return policies


def _metadata(row: Row, mapping: TableMapping) -> dict[str, Any]:
    said = fields.kept({name: value_of(row, column) for name, column in mapping.metadata.items()}, *mapping.metadata)
    values = [value for column in mapping.documents if (value := value_of(row, column))]
    documents = [text for value in values for text in (value if isinstance(value, list) else [value])]
    if documents:
        said["documents"] = [fields.text(document, "documents") for document in documents]
    return said
