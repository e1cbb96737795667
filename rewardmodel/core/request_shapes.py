"""What scoring clients send and expect: ours, OpenRLHF's, vLLM's, and the rerankers' of Jina and Cohere.

Each shape is a pair of functions: the request's items, and the answer for their rewards.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from preferences.records import Message
from rewardmodel.core.scorer import Reward, ScoreItem
from rewardmodel.core.texts import Prompt

MOST_ITEMS = 1024
LONGEST_TEXT_CHARACTERS = 200_000


@dataclass
class InvalidRequest(Exception):
    """A request that cannot be answered; `fields` says what is wrong where."""

    message: str
    fields: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message


def score_items(body: Mapping[str, Any]) -> list[ScoreItem]:
    """POST /v1/score {"items": [{"prompt": text or messages, "response": text}]}."""
    return [
        ScoreItem(_prompt(item, f"items[{index}]"), _text(item, "response", f"items[{index}]"))
        for index, item in enumerate(_objects(body, "items"))
    ]


def score_answer(rewards: Sequence[Reward], body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "results": [
            {
                "reward": reward.reward,
                "reward_normalized": reward.reward_normalized,
                "uncertainty": reward.uncertainty,
            }
            for reward in rewards
        ]
    }


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


def openrlhf_answer(rewards: Sequence[Reward], body: Mapping[str, Any]) -> dict[str, Any]:
    values = [reward.reward for reward in rewards]
    return {"rewards": values, "scores": values, "extra_logs": {"dummy_scores": values}}


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


def vllm_answer(rewards: Sequence[Reward], body: Mapping[str, Any]) -> dict[str, Any]:
    """Probabilities by default, as vLLM has it; the reward itself with "use_activation": false."""
    activate = body.get("use_activation", True) is not False
    values = [_sigmoid(reward.reward) if activate else reward.reward for reward in rewards]
    return {
        "object": "list",
        "data": [
            {"index": index, "label": "LABEL_0", "probs": [value], "num_classes": 1}
            for index, value in enumerate(values)
        ],
    }


def rerank_items(body: Mapping[str, Any]) -> list[ScoreItem]:
    """POST /v1/rerank {"query": text, "documents": [text or {"text"}], "top_n"?}."""
    query = _text(body, "query", "")
    documents = body.get("documents")
    if not isinstance(documents, list):
        raise InvalidRequest("documents is missing or no list.", {"documents": "must be a list of texts"})
    return [
        ScoreItem(
            query, _text(document if isinstance(document, dict) else {"text": document}, "text", f"documents[{i}]")
        )
        for i, document in enumerate(_not_too_many(documents, "documents"))
    ]


def rerank_answer(rewards: Sequence[Reward], body: Mapping[str, Any]) -> dict[str, Any]:
    top_n = body.get("top_n", len(rewards))
    if not isinstance(top_n, int) or top_n < 1:
        raise InvalidRequest("top_n must be a whole number of at least 1.", {"top_n": "must be at least 1"})
    texts = [document["text"] if isinstance(document, dict) else document for document in body["documents"]]
    best = sorted(range(len(rewards)), key=lambda index: -rewards[index].reward)[:top_n]
    return {
        "results": [
            {"index": index, "relevance_score": rewards[index].reward, "document": {"text": texts[index]}}
            for index in best
        ]
    }


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
    return value


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))
