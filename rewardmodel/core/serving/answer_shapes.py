"""What scoring clients expect back: our own shape, OpenRLHF's, vLLM's, and the rerankers' of Jina and Cohere."""

import math
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rewardmodel.core.scorer import Reward


@dataclass(frozen=True)
class Scored:
    """The rewards of one request, and by what they were given.

    Args:
        rewards: in the order of the request's items.
        model, digest, template_digest: the model's name, and sha256 of its files and of how it reads text.
        precision: in what it computes, "fp32" or "bf16".
        tokens: what was read, padding left out.
    """

    rewards: Sequence[Reward]
    model: str
    digest: str
    template_digest: str
    precision: str
    tokens: int


def score_answer(scored: Scored, body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": f"score-{uuid.uuid4().hex}",
        "created": int(time.time()),
        "model": scored.model,
        "digest": scored.digest,
        "template_digest": scored.template_digest,
        "precision": scored.precision,
        "results": [asdict(reward) for reward in scored.rewards],
        "usage": {"total_tokens": scored.tokens},
    }


def openrlhf_answer(scored: Scored, body: Mapping[str, Any]) -> dict[str, Any]:
    values = [reward.reward for reward in scored.rewards]
    return {"rewards": values, "scores": values, "extra_logs": {"dummy_scores": values}}


def vllm_answer(scored: Scored, body: Mapping[str, Any]) -> dict[str, Any]:
    """Probabilities by default, as vLLM has it; the reward itself with "use_activation": false."""
    activate = body.get("use_activation") is not False
    values = [_sigmoid(reward.reward) if activate else reward.reward for reward in scored.rewards]
    return {
        "id": f"classify-{uuid.uuid4().hex}",
        "object": "list",
        "created": int(time.time()),
        "model": scored.model,
        "data": [
            {"index": index, "label": "LABEL_0", "probs": [value], "num_classes": 1}
            for index, value in enumerate(values)
        ],
        "usage": {
            "prompt_tokens": scored.tokens,
            "total_tokens": scored.tokens,
            "completion_tokens": 0,
            "prompt_tokens_details": None,
        },
    }


def rerank_answer(scored: Scored, body: Mapping[str, Any]) -> dict[str, Any]:
    """Best first. "top_n": 0 and no "top_n" mean all; "return_documents": false leaves the texts out."""
    rewards = scored.rewards
    best = sorted(range(len(rewards)), key=lambda index: -rewards[index].reward)[: body.get("top_n") or None]
    results: list[dict[str, Any]] = [{"index": index, "relevance_score": rewards[index].reward} for index in best]
    if body.get("return_documents") is not False:
        for result in results:
            document = body["documents"][result["index"]]
            result["document"] = {"text": document["text"] if isinstance(document, dict) else document}
    return {
        "id": f"rerank-{uuid.uuid4().hex}",
        "model": scored.model,
        "results": results,
        "usage": {"prompt_tokens": scored.tokens, "total_tokens": scored.tokens},
    }


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))
