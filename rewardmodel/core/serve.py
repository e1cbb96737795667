"""The scoring server, a WSGI application:

    gunicorn --workers 1 --threads 4 --bind 127.0.0.1:8001 'rewardmodel.core.serve:create_application()'

It starts without a model and answers 503 with a sentence until one is promoted. Settings come from the environment:
PLUMBLINE_HOME (default var), PLUMBLINE_TORCH_THREADS (default 1).
"""

import json
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import torch

from rewardmodel.core import request_shapes as shapes
from rewardmodel.core.errors import ExpectedFailure
from rewardmodel.core.model_pool import ModelPool, NoModel
from rewardmodel.core.scorer import Reward, ScoreItem

LARGEST_BODY_BYTES = 16 * 1024 * 1024
REASONS = {
    200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large",
    500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Route:
    """One address: how its request becomes items, and how their rewards become its answer."""

    items: Callable[[Mapping[str, Any]], list[ScoreItem]]
    answer: Callable[[Sequence[Reward], Mapping[str, Any]], dict[str, Any]]
    names_our_models: bool = False


ROUTES = {
    "/v1/score": Route(shapes.score_items, shapes.score_answer, names_our_models=True),
    "/get_reward": Route(shapes.openrlhf_items, shapes.openrlhf_answer),
    "/classify": Route(shapes.vllm_items, shapes.vllm_answer),
    "/v1/rerank": Route(shapes.rerank_items, shapes.rerank_answer),
}


class ScoringApplication:
    """Answers scoring requests with the champion, or at /v1/score with the model that the request names.

    Args: pool: where models come from.
    """

    def __init__(self, pool: ModelPool) -> None:
        self.pool = pool

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, body = self._respond(environ)
        content = json.dumps(body, ensure_ascii=False).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
        start_response(f"{status} {REASONS[status]}", headers)
        return [content]

    def _respond(self, environ: WSGIEnvironment) -> tuple[int, dict[str, Any]]:
        path, method = environ.get("PATH_INFO", "/"), environ["REQUEST_METHOD"]
        if path == "/health":
            return 200, self.pool.state()
        if path not in ROUTES:
            return failure(404, "not_found", f"There is nothing at {path}. Try {', '.join(ROUTES)} or /health.")
        if method != "POST":
            return failure(405, "method_not_allowed", f"{path} is asked by POST, not {method}.")
        raw = environ["wsgi.input"].read(LARGEST_BODY_BYTES + 1)
        if len(raw) > LARGEST_BODY_BYTES:
            return failure(413, "too_large", f"The request has more than {LARGEST_BODY_BYTES} bytes. Send fewer items.")
        return self._score(ROUTES[path], raw)

    def _score(self, route: Route, raw: bytes) -> tuple[int, dict[str, Any]]:
        try:
            return 200, self._answer(route, read_object(raw))
        except shapes.InvalidRequest as error:
            return failure(400, "invalid", error.message, error.fields)
        except NoModel as error:
            return failure(503, "no_model", str(error))
        except ExpectedFailure as error:
            return failure(503, "broken_model", str(error))
        except Exception:
            log.exception("a scoring request failed")
            return failure(500, "failed", "Scoring failed inside the server. Its log says where.")

    def _answer(self, route: Route, body: Mapping[str, Any]) -> dict[str, Any]:
        items = route.items(body)
        name = body.get("model")
        chosen = self.pool.named(name) if route.names_our_models and isinstance(name, str) else self.pool.champion()
        rewards = chosen.scorer.score(items)
        return {
            "id": f"score-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": chosen.name,
            "digest": chosen.scorer.digest,
            **route.answer(rewards, body),
        }


def create_application() -> ScoringApplication:
    """The application that gunicorn runs; it begins to load the champion at once."""
    torch.set_num_threads(int(os.environ.get("PLUMBLINE_TORCH_THREADS", "1")))
    pool = ModelPool(Path(os.environ.get("PLUMBLINE_HOME", "var")).resolve())
    pool.state()
    return ScoringApplication(pool)


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in a request's body.

    Raises: InvalidRequest if it is none.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise shapes.InvalidRequest(f"The request's body is not JSON: {error}.") from None
    if not isinstance(body, dict):
        raise shapes.InvalidRequest("The request's body must be a JSON object.")
    return body


def failure(
    status: int, code: str, message: str, fields: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """A status and the body that every error of the platform has."""
    return status, {"code": code, "message": message, "fields": dict(fields or {})}
