"""What scoring clients send: our own shape, OpenRLHF's, vLLM's, and the rerankers' of Jina and Cohere."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from preferences.records import Message
from rewardmodel.core.data.texts import Prompt
from rewardmodel.core.scorer import ScoreItem

MOST_ITEMS = 1024
LONGEST_TEXT_CHARACTERS = 200_000


@dataclass
class InvalidRequest(Exception):
    """A request that cannot be answered; `fields` says what is wrong where."""

    message: str
    fields: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in a request's body.

    Raises: InvalidRequest if it is none.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The request's body is not JSON: {error}.") from None
    if not isinstance(body, dict):
        raise InvalidRequest("The request's body must be a JSON object.")
    return body


def score_items(body: Mapping[str, Any]) -> list[ScoreItem]:
    """POST /v1/score {"items": [{"prompt": text or messages, "response": text}]}."""
    return [
        ScoreItem(_prompt(item, f"items[{index}]"), _text(item, "response", f"items[{index}]"))
        for index, item in enumerate(_objects(body, "items"))
    ]


def openrlhf_items(body: Mapping[str, Any]) -> list[ScoreItem]:
    """POST /get_reward {"query": [prompt and response in one text], "prompts"?: [its beginning]}.

    With `prompts`, what follows the prompt is the response. Without, the whole text counts as a response to nothing.
    """
    queries = _texts(body, "query")
    prompts = _texts(body, "prompts") if body.get("prompts") else [""] * len(queries)
    if len(prompts) != len(queries):
        raise InvalidRequest("prompts and query differ in length.", {"prompts": f"must hold {len(queries)} texts"})
    return [
        ScoreItem(prompt, query.removeprefix(prompt)) if query.startswith(prompt) else ScoreItem("", query)
        for prompt, query in zip(prompts, queries, strict=True)
    ]


def vllm_items(body: Mapping[str, Any]) -> list[ScoreItem]:
    """POST /classify {"input": text or texts} or {"messages": [..., the assistant's answer]}."""
    if body.get("messages") is not None:
        messages = _messages(body["messages"], "messages")
        if not messages or messages[-1]["role"] != "assistant":
            raise InvalidRequest(
                "The last message must be the assistant's.", {"messages": "must end with role assistant"}
            )
        return [ScoreItem(messages[:-1] or "", messages[-1]["content"])]
    texts = [body["input"]] if isinstance(body.get("input"), str) else _texts(body, "input")
    return [ScoreItem("", text) for text in texts]


def rerank_items(body: Mapping[str, Any]) -> list[ScoreItem]:
    """POST /v1/rerank {"query": text, "documents": [text or {"text"}], "top_n"?, "return_documents"?}."""
    query = _text(body, "query", "")
    top_n = body.get("top_n")
    if top_n is not None and (not isinstance(top_n, int) or isinstance(top_n, bool) or top_n < 0):
        raise InvalidRequest("top_n must be a whole number of at least 0.", {"top_n": "must be at least 0"})
    documents = body.get("documents")
    if not isinstance(documents, list):
        raise InvalidRequest("documents is missing or no list.", {"documents": "must be a list of texts"})
    return [
        ScoreItem(
            query, _text(document if isinstance(document, dict) else {"text": document}, "text", f"documents[{i}]")
        )
        for i, document in enumerate(_not_too_many(documents, "documents"))
    ]


def model_name(body: Mapping[str, Any]) -> str | None:
    """The model that POST /v1/score asks for by name or alias; None for the champion."""
    name = body.get("model")
    if name is not None and not isinstance(name, str):
        raise InvalidRequest("model must be a name or an alias.", {"model": "must be a text"})
    return name


def _prompt(item: Mapping[str, Any], where: str) -> Prompt:
    prompt = item.get("prompt")
    if isinstance(prompt, list):
        return _messages(prompt, f"{where}.prompt")
    return _text(item, "prompt", where)


def _messages(value: Any, where: str) -> list[Message]:
    if not isinstance(value, list) or not value:
        raise InvalidRequest(f"{where} must be a list of messages.", {where: "must be a list of messages"})
    messages = []
    for index, message in enumerate(value):
        place = f"{where}[{index}]"
        if not isinstance(message, dict):
            raise InvalidRequest(f"{place} must be an object.", {place: "must have role and content"})
        messages.append(Message(role=_text(message, "role", place), content=_text(message, "content", place)))
    return messages


def _objects(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    values = body.get(name)
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise InvalidRequest(f"{name} is missing or no list of objects.", {name: "must be a list of objects"})
    return _not_too_many(values, name)


def _texts(body: Mapping[str, Any], name: str) -> list[str]:
    values = body.get(name)
    if not isinstance(values, list):
        raise InvalidRequest(f"{name} is missing or no list.", {name: "must be a list of texts"})
    return [_text({"": value}, "", f"{name}[{i}]") for i, value in enumerate(_not_too_many(values, name))]


def _not_too_many(values: list[Any], name: str) -> list[Any]:
    if len(values) > MOST_ITEMS:
        raise InvalidRequest(
            f"{name} holds {len(values)} entries; {MOST_ITEMS} are allowed in one request.",
            {name: f"must hold at most {MOST_ITEMS}"},
        )
    return values


def _text(item: Mapping[str, Any], name: str, where: str) -> str:
    place = ".".join(part for part in (where, name) if part)
    value = item.get(name)
    if not isinstance(value, str):
        raise InvalidRequest(f"{place} is missing or no text.", {place: "must be a text"})
    if len(value) > LONGEST_TEXT_CHARACTERS:
        raise InvalidRequest(
            f"{place} has {len(value)} characters; {LONGEST_TEXT_CHARACTERS} are allowed.",
            {place: f"must have at most {LONGEST_TEXT_CHARACTERS} characters"},
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(f"{place} holds half a character.", {place: "must be valid Unicode"}) from None
    return value
