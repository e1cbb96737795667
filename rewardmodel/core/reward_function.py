"""Rewards for trainers, from a scoring server: TRL, verl and OpenRLHF call one function each.

This file needs Python alone: copy it to the machine that trains. The functions at its end read PLUMBLINE_SCORER_URL,
PLUMBLINE_SCORER_TOKEN and PLUMBLINE_SCORER_MODEL; `RewardFunction` takes the same as arguments. What cannot be scored
is logged and raised: no trainer gets None or zero in place of a reward.
"""

import json
import logging
import math
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

REQUESTS_AT_ONCE = 4
SHORTEST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 15.0
WORTH_ASKING_AGAIN = (429, 502, 503, 504)

log = logging.getLogger(__name__)


class NotScored(Exception):
    """The scoring server gave no rewards; the message says what it said, or that it does not answer.

    Args:
        status, answer: what came back last; 0 and {} if nothing did.
    """

    def __init__(self, message: str, *, status: int = 0, answer: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.answer = dict(answer or {})


@dataclass(frozen=True)
class ScoringServer:
    """Where rewards come from, and how long they are waited for.

    Args:
        url: such as http://127.0.0.1:8001.
        token: sent as a bearer token where it is not empty.
        request_seconds: how long one answer may take.
        patience_seconds: how long a request is sent again before it counts as lost; 0 sends it once.
        waits_for_start: whether a server that is not there, or has no model yet, is waited for as well.
    """

    url: str
    token: str = ""
    request_seconds: float = 150.0
    patience_seconds: float = 600.0
    waits_for_start: bool = True

    def score(self, items: Sequence[Mapping[str, Any]], *, model: str = "") -> dict[str, Any]:
        """The server's answer to POST /v1/score, asked again with growing pauses while that may help.

        Raises: NotScored if the server refuses the request, or gives no answer within the patience; or at once for a
            token that cannot be sent.
        """
        if not (self.token.isascii() and self.token.isprintable()):
            raise NotScored("The scoring server's token must be one line of ASCII characters.")
        sent = {"items": list(items), **({"model": model} if model else {})}
        body = json.dumps(sent, ensure_ascii=False).encode("utf-8", "surrogatepass")
        until = time.monotonic() + self.patience_seconds
        pause = SHORTEST_PAUSE_SECONDS
        while True:
            try:
                return self._ask(body)
            except NotScored as failure:
                pause = max(pause, float(failure.answer.get("retry_after", 0)))
                if not self._may_help(failure) or time.monotonic() + pause > until:
                    log.error("No rewards for %d responses: %s", len(items), failure)
                    raise
                log.warning("No rewards yet, asking again in %.1f s: %s", pause, failure)
            time.sleep(pause * random.uniform(0.75, 1.0))  # noqa: S311  so that many trainers do not come back at once
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _may_help(self, failure: NotScored) -> bool:
        if failure.status == 0:
            return self.waits_for_start or not isinstance(failure.__cause__, ConnectionRefusedError)
        return failure.status in WORTH_ASKING_AGAIN and (self.waits_for_start or "retry_after" in failure.answer)

    def _ask(self, body: bytes) -> dict[str, Any]:
        address = urlsplit(self.url)
        kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
        connection = kind(address.netloc, timeout=self.request_seconds)
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            connection.request("POST", f"{address.path.rstrip('/')}/v1/score", body, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            raise NotScored(f"{self.url} does not answer ({type(error).__name__}: {error}).") from error
        finally:
            connection.close()
        answer = _object(content)
        if response.status != 200 or not _are_scores(answer.get("results")):
            said = answer.get("message") or f"its answer is no scores but {content[:200]!r}"
            pause = response.headers.get("Retry-After", "")
            answer.pop("retry_after", None)
            retry = {"retry_after": pause} if pause.isdecimal() else {}
            message = f"{self.url} answered {response.status}: {said}"
            raise NotScored(message, status=response.status, answer={**answer, **retry})
        return answer


class RewardFunction:
    """A reward model as the function that a trainer asks for.

    Args:
        server: where rewards come from.
        model: a model's name or alias; the champion by default.
        reads: "reward" in nats, or "reward_normalized" by the model's reference set.
        items_per_request: responses in one request; several requests are under way at once.

    Raises: ValueError for another `reads`.
    """

    __name__ = "plumbline_reward"  # TRL logs rewards under this name

    def __init__(
        self, server: ScoringServer, *, model: str = "", reads: str = "reward", items_per_request: int = 128
    ) -> None:
        if reads not in ("reward", "reward_normalized"):
            raise ValueError(f'reads must be "reward" or "reward_normalized", not {reads!r}.')
        self._server = server
        self._model = model
        self._reads = reads
        self._items_per_request = items_per_request

    def results(self, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What the server says of each {"prompt", "response"}, in the order given.

        Raises: NotScored if one of them got no reward.
        """
        parts = [items[at : at + self._items_per_request] for at in range(0, len(items), self._items_per_request)]
        with ThreadPoolExecutor(max_workers=REQUESTS_AT_ONCE) as threads:
            answers = list(threads.map(lambda part: self._server.score(part, model=self._model), parts))
        results = [dict(result) for answer in answers for result in answer["results"]]
        if len(results) != len(items):
            raise NotScored(f"{self._server.url} answered {len(results)} rewards for {len(items)} responses.")
        return results

    def __call__(
        self,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        completion_ids: Sequence[Any] | None = None,
        *,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Any,
    ) -> list[float]:
        """TRL's reward function: texts, or conversations as lists of messages."""
        results = self.results([_item(*pair) for pair in zip(prompts, completions, strict=True)])
        spreads = [result["uncertainty"] for result in results if _is_number(result.get("uncertainty"))]
        if log_metric is not None and spreads:
            log_metric("reward_uncertainty", sum(spreads) / len(spreads))
        return self._rewards(results)

    def compute_score(
        self, data_source: Any, solution_str: str, ground_truth: Any, extra_info: Any = None, **more: Any
    ) -> float:
        """verl's reward of one response. The prompt is taken from extra_info["prompt"], text or messages."""
        return self.compute_scores([data_source], [solution_str], [ground_truth], [extra_info])[0]

    def compute_scores(
        self,
        data_sources: Sequence[Any],
        solution_strs: Sequence[str],
        ground_truths: Sequence[Any],
        extra_infos: Sequence[Any],
        **more: Any,
    ) -> list[float]:
        """verl's rewards of a batch, for its batch reward manager."""
        pairs = zip(extra_infos, solution_strs, strict=True)
        return self._rewards(self.results([_item(_verl_prompt(extra), text) for extra, text in pairs]))

    def reward_func(
        self, queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any], **more: Any
    ) -> dict[str, Any]:
        """OpenRLHF's rewards of a batch: each query is a prompt and the response after it. Tensors where torch is.

        Raises: ValueError if a query does not begin with its prompt.
        """
        items = [_item(prompt, _after(prompt, query)) for query, prompt in zip(queries, prompts, strict=True)]
        rewards = _as_tensor(self._rewards(self.results(items)))
        return {"rewards": rewards, "scores": rewards, "extra_logs": {}}

    def _rewards(self, results: Sequence[Mapping[str, Any]]) -> list[float]:
        if not all(_is_number(result.get(self._reads)) for result in results):
            raise NotScored(f"{self._server.url} answered no {self._reads} for some responses.")
        return [float(result[self._reads]) for result in results]


def trl_reward(prompts: Sequence[Any], completions: Sequence[Any], **more: Any) -> list[float]:
    """`GRPOTrainer(reward_funcs=trl_reward)`, `RLOOTrainer(…)`."""
    return from_environment()(prompts, completions, **more)


def compute_score(data_source: Any, solution_str: str, ground_truth: Any, extra_info: Any = None, **more: Any) -> float:
    """verl: reward.custom_reward_function.path=…/reward_function.py, name=compute_score."""
    return from_environment().compute_score(data_source, solution_str, ground_truth, extra_info)


def compute_scores(
    data_sources: Sequence[Any],
    solution_strs: Sequence[str],
    ground_truths: Sequence[Any],
    extra_infos: Sequence[Any],
    **more: Any,
) -> list[float]:
    """verl with its batch reward manager: the same, name=compute_scores."""
    return from_environment().compute_scores(data_sources, solution_strs, ground_truths, extra_infos)


def reward_func(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any], **more: Any) -> dict[str, Any]:
    """OpenRLHF: --reward.remote_url …/reward_function.py."""
    return from_environment().reward_func(queries, prompts, labels)


@cache
def from_environment() -> RewardFunction:
    """The reward function that PLUMBLINE_SCORER_URL, …_TOKEN and …_MODEL describe."""
    server = ScoringServer(
        url=os.environ.get("PLUMBLINE_SCORER_URL", "http://127.0.0.1:8001").rstrip("/"),
        token=os.environ.get("PLUMBLINE_SCORER_TOKEN", "").strip(),
    )
    return RewardFunction(server, model=os.environ.get("PLUMBLINE_SCORER_MODEL", ""))


def _object(content: bytes) -> dict[str, Any]:
    """The JSON object that an answer holds; empty for anything else, such as a proxy's page."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _are_scores(results: Any) -> bool:
    """Whether results are a list of objects with a finite reward each."""
    return isinstance(results, list) and all(isinstance(one, dict) and _is_number(one.get("reward")) for one in results)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and -math.inf < value < math.inf


def _item(prompt: Any, completion: Any) -> dict[str, Any]:
    """A conversation's completion is its last message; messages before it belong to what is answered."""
    if isinstance(completion, str):
        return {"prompt": prompt if isinstance(prompt, str) else _messages(prompt), "response": completion}
    said = _messages(completion)
    if not said:
        return {"prompt": prompt if isinstance(prompt, str) else _messages(prompt), "response": ""}
    before = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else _messages(prompt)
    return {"prompt": [*before, *said[:-1]], "response": said[-1]["content"]}


def _messages(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"role": str(message["role"]), "content": _content(message.get("content"))} for message in messages]


def _content(content: Any) -> str:
    """A message's text, of one piece or of several."""
    if isinstance(content, (list, tuple)):
        return "".join(str(part.get("text", "")) for part in content)
    return "" if content is None else str(content)


def _verl_prompt(extra_info: Any) -> Any:
    prompt = extra_info.get("prompt") if isinstance(extra_info, Mapping) else None
    if prompt is None:
        raise ValueError(
            'verl does not hand the prompt to a reward function: put it into the data\'s extra_info["prompt"].'
        )
    return prompt if isinstance(prompt, str) else list(prompt)


def _after(prompt: str, query: str) -> str:
    if not query.startswith(prompt):
        raise ValueError(f"A query does not begin with its prompt: {query[:80]!r} and {prompt[:80]!r}.")
    return query[len(prompt) :]


def _as_tensor(rewards: list[float]) -> Any:
    """OpenRLHF concatenates what its reward functions return; it always has torch."""
    try:
        import torch
    except ImportError:
        return rewards
    return torch.tensor(rewards)
