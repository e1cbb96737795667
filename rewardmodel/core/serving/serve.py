"""The scoring server, a WSGI application for gunicorn's threads (`python -m rewardmodel.core.serving.server_process`).

It starts without a model and answers 503 with a sentence until one is promoted. Settings come from the environment:
PLUMBLINE_HOME, PLUMBLINE_TORCH_THREADS and PLUMBLINE_SCORER_… (docs/scoring.md).
"""

import hmac
import json
import logging
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import torch

from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.errors import BrokenModel, ExpectedFailure, InvalidConfig, RefusedConversation
from rewardmodel.core.scorer import PRECISIONS, RewardScorer, ScoreItem
from rewardmodel.core.serving import answer_shapes as answers
from rewardmodel.core.serving import request_shapes as requests
from rewardmodel.core.serving.batching import Limits, QueueFull, TooSlow
from rewardmodel.core.serving.metrics import CONTENT_TYPE
from rewardmodel.core.serving.model_pool import ModelPool, NoModel, ServedModel, StillLoading, UnknownModel
from rewardmodel.core.serving.punctual_socket import LateRequest

LARGEST_BODY_BYTES = 16 * 1024 * 1024
REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 413: "Content Too Large", 500: "Internal Server Error", 503: "Service Unavailable",
    504: "Gateway Timeout",
}  # fmt: skip
OPEN = ("/health", "/ready")
FAILURES: dict[type[ExpectedFailure], tuple[int, str, dict[str, str]]] = {
    UnknownModel: (404, "not_found", {}),
    NoModel: (503, "no_model", {}),
    StillLoading: (503, "loading", {"Retry-After": "2"}),
    QueueFull: (503, "queue_full", {"Retry-After": "1"}),
    TooSlow: (504, "too_slow", {}),
    RefusedConversation: (400, "invalid", {}),
    ExpectedFailure: (503, "broken_model", {}),
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Route:
    """One scoring address: how its request becomes items, and how their rewards become its answer."""

    items: Callable[[Mapping[str, Any]], list[ScoreItem]]
    answer: Callable[[answers.Scored, Mapping[str, Any]], dict[str, Any]]
    names_our_models: bool = False


@dataclass(frozen=True)
class Answer:
    """A status, a body, and headers beside the usual ones."""

    status: int
    body: dict[str, Any] | str
    headers: Mapping[str, str] = field(default_factory=dict)


RERANK = Route(requests.rerank_items, answers.rerank_answer)
SCORING = {
    "/v1/score": Route(requests.score_items, answers.score_answer, names_our_models=True),
    "/get_reward": Route(requests.openrlhf_items, answers.openrlhf_answer),
    "/classify": Route(requests.vllm_items, answers.vllm_answer),
    "/v1/rerank": RERANK,
    "/v2/rerank": RERANK,
    "/rerank": RERANK,
}


class ScoringApplication:
    """Answers scoring requests with the champion, or at /v1/score with the model that the request names.

    Args:
        pool: where models come from.
        token: what a caller must send as "Authorization: Bearer …", but for /health and /ready; "" asks for nothing.
    """

    def __init__(self, pool: ModelPool, *, token: str = "") -> None:
        self.pool = pool
        self._token = token
        self._encoding = BoundedSemaphore(pool.limits.encoded_at_once)
        self._pages: dict[str, Callable[[], Answer]] = {
            "/health": lambda: Answer(200, pool.state()),
            "/ready": self._ready,
            "/v1/models": self._models,
            "/metrics": lambda: Answer(200, pool.metrics_text()),
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        path = environ.get("PATH_INFO", "/")
        answer = self._respond(environ, path)
        is_text = isinstance(answer.body, str)
        content = answer.body if isinstance(answer.body, str) else json.dumps(answer.body, ensure_ascii=False)
        encoded = content.encode()
        start_response(
            f"{answer.status} {REASONS[answer.status]}",
            [
                ("Content-Type", CONTENT_TYPE if is_text else "application/json"),
                ("Content-Length", str(len(encoded))),
                *answer.headers.items(),
            ],
        )
        known = path if path in SCORING or path in self._pages else "other"
        self.pool.metrics.count_request(known, answer.status, time.perf_counter() - started)
        return [encoded]

    def _respond(self, environ: WSGIEnvironment, path: str) -> Answer:
        method = environ["REQUEST_METHOD"]
        if path not in SCORING and path not in self._pages:
            places = ", ".join([*SCORING, *self._pages])
            return failure(404, "not_found", f"There is nothing at {path}. There are {places}.")
        if path not in OPEN and not self._is_allowed(environ):
            message = "Send the scoring server's token as “Authorization: Bearer …”."
            return failure(401, "unauthorized", message, headers={"WWW-Authenticate": "Bearer"})
        wanted = "POST" if path in SCORING else "GET"
        if method != wanted:
            message = f"{path} is asked by {wanted}, not {method}."
            return failure(405, "method_not_allowed", message, headers={"Allow": wanted})
        return self._pages[path]() if path in self._pages else self._read_and_score(environ, SCORING[path])

    def _read_and_score(self, environ: WSGIEnvironment, route: Route) -> Answer:
        length = environ.get("CONTENT_LENGTH") or "0"
        is_large = not length.isdecimal() or int(length) > LARGEST_BODY_BYTES
        try:
            raw = b"" if is_large else environ["wsgi.input"].read(LARGEST_BODY_BYTES + 1)
        except LateRequest as error:
            return failure(408, error.code, str(error), headers={"Connection": "close"})
        if is_large or len(raw) > LARGEST_BODY_BYTES:
            message = f"The request has more than {LARGEST_BODY_BYTES} bytes. Send fewer items."
            return failure(413, "too_large", message, headers={"Connection": "close"})
        return self._score(route, raw)

    def _is_allowed(self, environ: WSGIEnvironment) -> bool:
        sent = str(environ.get("HTTP_AUTHORIZATION", ""))
        return not self._token or hmac.compare_digest(sent.encode(), f"Bearer {self._token}".encode())

    def _ready(self) -> Answer:
        state = self.pool.state()
        return Answer(200 if state["status"] == "ready" else 503, state)

    def _models(self) -> Answer:
        champion = self.pool.state()["model"]
        shown = [
            {"id": name, "object": "model", "created": made, "owned_by": "plumbline", "is_champion": name == champion}
            for name, made in self.pool.names()
        ]
        return Answer(200, {"object": "list", "data": shown})

    def _score(self, route: Route, raw: bytes) -> Answer:
        try:
            return Answer(200, self._answer(route, requests.read_object(raw)))
        except requests.InvalidRequest as error:
            return failure(400, "invalid", error.message, error.fields)
        except ExpectedFailure as error:
            status, code, headers = next(meant for kind, meant in FAILURES.items() if isinstance(error, kind))
            return failure(status, code, str(error), headers=headers)
        except Exception:
            log.exception("a scoring request failed")
            return failure(500, "failed", "Scoring failed inside the server. Its log says where.")

    def _answer(self, route: Route, body: Mapping[str, Any]) -> dict[str, Any]:
        items = route.items(body)
        name = requests.model_name(body) if route.names_our_models else None
        chosen = self.pool.champion() if name is None else self.pool.named(name)
        until = time.monotonic() + self.pool.limits.request_seconds
        texts = self._encoded(chosen, items, until)
        rewards = chosen.batcher.score(texts, until=until)
        if not all(math.isfinite(reward.reward) for reward in rewards):
            raise BrokenModel(f"{chosen.name} gives rewards that are no numbers. Promote another model.")
        self.pool.metrics.count_texts(chosen.name, len(texts))
        scored = answers.Scored(rewards=rewards, tokens=sum(len(text.token_ids) for text in texts), **chosen.labels)
        return route.answer(scored, body)

    def _encoded(self, chosen: ServedModel, items: Sequence[ScoreItem], until: float) -> list[EncodedText]:
        """The items as tokens, a few requests at a time. Raises: TooSlow if its turn does not come in time."""
        if not self._encoding.acquire(timeout=max(0.0, until - time.monotonic())):
            raise self.pool.limits.too_slow(len(items))
        try:
            return chosen.scorer.encode(items)
        finally:
            self._encoding.release()


def create_application() -> ScoringApplication:
    """The application that gunicorn runs; it begins to load the champion at once.

    Raises: InvalidConfig for a precision that does not exist.
    """
    torch.set_num_threads(int(os.environ.get("PLUMBLINE_TORCH_THREADS", "1")))
    precision = os.environ.get("PLUMBLINE_SCORER_PRECISION", "fp32")
    if precision not in PRECISIONS:
        raise InvalidConfig(f"PLUMBLINE_SCORER_PRECISION is {precision!r}; it must be {' or '.join(PRECISIONS)}.")
    usual = Limits()
    pool = ModelPool(
        Path(os.environ.get("PLUMBLINE_HOME", "var")).resolve(),
        limits=Limits(
            waiting_texts=int(os.environ.get("PLUMBLINE_SCORER_WAITING_TEXTS", usual.waiting_texts)),
            request_seconds=float(os.environ.get("PLUMBLINE_SCORER_REQUEST_SECONDS", usual.request_seconds)),
        ),
        load=partial(RewardScorer.load, dtype=PRECISIONS[precision]),
    )
    pool.state()
    return ScoringApplication(pool, token=os.environ.get("PLUMBLINE_SCORER_TOKEN", ""))


def failure(
    status: int,
    code: str,
    message: str,
    fields: Mapping[str, str] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """A status and the body that every error of the platform has."""
    return Answer(status, {"code": code, "message": message, "fields": dict(fields or {})}, dict(headers or {}))
