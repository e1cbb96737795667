"""What a comparison shows, put together by the database so that it comes along with what else a statement answers."""

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(frozen=True, slots=True)
class Content:
    """The messages of the prompt, and the responses as (kind, text) by id."""

    messages: list[dict[str, Any]]
    responses: dict[int, tuple[str, str]]


def content_of(comparison: str) -> str:
    """SQL for a comparison's content as one text; `comparison` is SQL for its id."""
    sqlite = connection.vendor == "sqlite"
    array, gather, messages = (
        ("json_array", "json_group_array", "json(prompt.messages)")
        if sqlite
        else ("json_build_array", "json_agg", "prompt.messages")
    )
    responses = f"""(SELECT {gather}({array}(response.id, response.kind, response.content))
        FROM labeling_comparisonresponse member JOIN labeling_response response ON response.id = member.response_id
        WHERE member.comparison_id = {comparison})"""  # noqa: S608  our own names
    content = f"{array}({messages}, {responses})"
    return f"""(SELECT {content if sqlite else f"{content}::text"} FROM labeling_comparison shown
        JOIN labeling_prompt prompt ON prompt.id = shown.prompt_id WHERE shown.id = {comparison})"""  # noqa: S608


def read_content(text: str) -> Content:
    """What a statement answered for `content_of`."""
    messages, responses = json.loads(text)
    return Content(messages, {key: (kind, shown) for key, kind, shown in responses})
