"""The functions for trainers: against a real scoring server, one that is down, and one that misbehaves."""

import ast
import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from rewardmodel.core import reward_function
from rewardmodel.core.reward_function import NotScored, RewardFunction, ScoringServer, from_environment

SOURCE = Path(reward_function.__file__)
PROMPT = "how do i boil an egg"
CHAT = [{"role": "user", "content": PROMPT}]


class Said:
    """What a scripted server answers, in turn, and what it was asked. A status of 0 breaks the connection."""

    def __init__(self) -> None:
        self.script: list[tuple[int, Any, dict[str, str]]] = []
        self.asked: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []
        self.guard = threading.Lock()
        self.url = ""


def reward_of(item: dict[str, Any]) -> float:
    """The scripted server's reward: how long the response is."""
    return float(len(item["response"]))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Said]:
    said = Said()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with said.guard:
                said.asked.append(body)
                said.tokens.append(self.headers["Authorization"])
                status, answer, headers = said.script.pop(0) if said.script else (200, {}, {})
            if status == 0:
                return
            if status == 200 and answer == {}:
                results = [
                    {"reward": reward_of(item), "reward_normalized": -reward_of(item), "uncertainty": 0.5}
                    for item in body["items"]
                ]
                answer = {"model": "m", "results": results}
            content = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    said.url = f"http://127.0.0.1:{httpd.server_port}"
    monkeypatch.setattr(reward_function, "SHORTEST_PAUSE_SECONDS", 0.01)
    monkeypatch.setenv("PLUMBLINE_SCORER_URL", said.url)
    from_environment.cache_clear()
    yield said
    from_environment.cache_clear()
    httpd.shutdown()
    httpd.server_close()


def function(server: Said, *, patience: float = 20.0, **more: Any) -> RewardFunction:
    return RewardFunction(ScoringServer(server.url, patience_seconds=patience), **more)


def test_it_needs_nothing_but_python() -> None:
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(SOURCE.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - set(sys.stdlib_module_names) == {"torch"}  # for OpenRLHF, where it is installed


def test_trl_gets_one_reward_for_each_text(server: Said) -> None:
    rewards = reward_function.trl_reward([PROMPT, PROMPT], ["a", "abc"], completion_ids=[[1], [2]], trainer_state=None)
    assert rewards == [1.0, 3.0]
    assert server.asked == [{"items": [{"prompt": PROMPT, "response": "a"}, {"prompt": PROMPT, "response": "abc"}]}]


def test_trl_gets_rewards_for_conversations_of_any_length(server: Said) -> None:
    completions: list[Any] = [
        [{"role": "assistant", "content": "four"}],
        [{"role": "assistant", "content": "tool?"}, {"role": "tool", "content": "yes"},
         {"role": "assistant", "content": [{"type": "text", "text": "do"}, {"type": "text", "text": "ne"}]}],
        [],
    ]  # fmt: skip
    assert function(server)([CHAT] * 3, completions) == [4.0, 4.0, 0.0]
    prompts = [item["prompt"] for item in server.asked[0]["items"]]
    assert prompts[0] == prompts[2] == CHAT
    assert [message["role"] for message in prompts[1]] == ["user", "assistant", "tool"]


def test_trl_can_call_it_and_log_under_its_name(server: Said) -> None:
    logged: dict[str, float] = {}
    rewards = function(server)
    assert rewards([PROMPT], ["abc"], [[1]], log_metric=logged.__setitem__, answer=["x"]) == [3.0]
    assert logged == {"reward_uncertainty": 0.5}
    assert rewards.__name__ == "plumbline_reward"


def test_verl_gets_rewards_one_by_one_and_in_batches(server: Said) -> None:
    extra = {"prompt": CHAT, "index": 3}
    assert reward_function.compute_score("helpful", "abc", None, extra) == 3.0
    assert reward_function.compute_score(
        data_source="helpful", solution_str="ab", ground_truth=None, extra_info={"prompt": PROMPT}
    ) == 2.0  # fmt: skip
    batch = {"data_sources": ["h"] * 2, "solution_strs": ["a", "ab"], "ground_truths": [None] * 2}
    assert reward_function.compute_scores(**batch, extra_infos=[extra] * 2) == [1.0, 2.0]
    with pytest.raises(ValueError, match="extra_info"):
        reward_function.compute_score("helpful", "abc", None, {})


def test_openrlhf_gets_what_follows_the_prompt_rewarded(server: Said) -> None:
    answer = reward_function.reward_func([f"{PROMPT} good"], [PROMPT], [None])
    assert answer["rewards"].tolist() == answer["scores"].tolist() == [5.0]
    assert server.asked[0]["items"] == [{"prompt": PROMPT, "response": " good"}]
    with pytest.raises(ValueError, match="does not begin with its prompt"):
        reward_function.reward_func(["other"], [PROMPT], [None])


def test_many_responses_go_in_several_requests_and_come_back_in_order(server: Said) -> None:
    rewards = function(server, items_per_request=7)([PROMPT] * 50, ["x" * at for at in range(50)])
    assert rewards == [float(at) for at in range(50)]
    assert sorted(len(body["items"]) for body in server.asked) == [1, *[7] * 7]


def test_model_token_and_scale_are_as_asked(server: Said) -> None:
    asked = RewardFunction(ScoringServer(server.url, token="secret"), model="candidate", reads="reward_normalized")
    assert asked([PROMPT], ["abc"]) == [-3.0]
    assert server.asked[0]["model"] == "candidate"
    assert server.tokens == ["Bearer secret"]
    with pytest.raises(ValueError, match="reads must be"):
        RewardFunction(ScoringServer(server.url), reads="rewards")


def test_a_server_that_breaks_off_is_full_or_loads_is_asked_again(server: Said) -> None:
    loading = {"code": "loading", "message": "The champion is being loaded.", "fields": {}}
    server.script = [(0, {}, {}), (503, loading, {"Retry-After": "0"}), (503, loading, {}), (502, {}, {})]
    assert function(server)([PROMPT], ["abc"]) == [3.0]
    assert len(server.asked) == 5


def test_a_request_at_fault_is_not_sent_again(server: Said) -> None:
    server.script = [(400, {"message": "items[0].prompt must be a text.", "fields": {"items[0].prompt": "…"}}, {})]
    with pytest.raises(NotScored, match=r"answered 400: items\[0\]\.prompt must be") as caught:
        function(server)([PROMPT], ["abc"])
    assert caught.value.answer["fields"] == {"items[0].prompt": "…"}
    assert len(server.asked) == 1


def test_patience_ends_with_what_was_said_last(server: Said, caplog: pytest.LogCaptureFixture) -> None:
    server.script = [(503, {"message": "No reward model is promoted."}, {})] * 100
    with pytest.raises(NotScored, match="No reward model is promoted"):
        function(server, patience=0.1)([PROMPT], ["abc"])
    assert 1 < len(server.asked) < 10
    assert "No rewards for 1 responses" in caplog.text


def test_a_server_asks_for_the_time_to_come_back(server: Said) -> None:
    server.script = [(503, {"message": "full"}, {"Retry-After": "600"})]
    with pytest.raises(NotScored, match="full"):
        function(server)([PROMPT], ["abc"])
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "answer"), [(502, []), (502, "Bad Gateway"), (503, None), (503, {"retry_after": "soon", "message": "x"})]
)
def test_whatever_a_proxy_says_for_the_server_is_asked_again(server: Said, status: int, answer: Any) -> None:
    server.script = [(status, answer, {})]
    assert function(server)([PROMPT], ["abc"]) == [3.0]
    assert len(server.asked) == 2


@pytest.mark.parametrize("token", ["two\nlines", "비밀"])
def test_a_token_that_no_header_holds_is_named_without_being_told(server: Said, token: str) -> None:
    with pytest.raises(NotScored, match="one line of ASCII") as caught:
        RewardFunction(ScoringServer(server.url, token=token))([PROMPT], ["abc"])
    assert token not in str(caught.value)
    assert not server.asked


def test_a_token_from_the_environment_may_end_in_a_newline(server: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUMBLINE_SCORER_TOKEN", "secret\n")
    assert reward_function.trl_reward([PROMPT], ["abc"]) == [3.0]
    assert server.tokens == ["Bearer secret"]


def test_a_normalized_reward_that_is_missing_is_never_made_up(server: Said) -> None:
    server.script = [(200, {"results": [{"reward": 1.0, "reward_normalized": None}]}, {})]
    with pytest.raises(NotScored, match="no reward_normalized"):
        function(server, reads="reward_normalized")([PROMPT], ["a"])


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {"results": [{"reward": 1.0}]},
        {"results": 7},
        {"other": 1},
        {"results": [1, 2]},
        {"results": [{}, {}]},
        *({"results": [{"reward": wrong}] * 2} for wrong in (None, "1", True, float("nan"), float("inf"))),
    ],
)
def test_an_answer_that_is_no_scores_is_never_taken_for_one(server: Said, answer: Any) -> None:
    server.script = [(200, answer, {})]
    with pytest.raises(NotScored):
        function(server)([PROMPT] * 2, ["a", "b"])


@pytest.mark.parametrize("waits", [True, False])
def test_a_server_that_is_not_there_is_waited_for_by_trainers_alone(
    waits: bool, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(reward_function.time, "sleep", pauses.append)
    monkeypatch.setattr(reward_function.time, "monotonic", lambda: sum(pauses))
    server = ScoringServer(f"http://127.0.0.1:{free_port}", patience_seconds=60, waits_for_start=waits)
    with pytest.raises(NotScored, match="does not answer"):
        server.score([{"prompt": PROMPT, "response": "a"}])
    assert bool(pauses) == waits
    assert sum(pauses) <= 60
    assert all(later > earlier for earlier, later in pairwise(pauses) if earlier < 5)


def test_the_functions_are_found_by_the_names_trainers_look_for() -> None:
    names: list[Callable[..., Any]] = [
        reward_function.trl_reward, reward_function.compute_score, reward_function.compute_scores,
        reward_function.reward_func,
    ]  # fmt: skip
    assert [name.__name__ for name in names] == ["trl_reward", "compute_score", "compute_scores", "reward_func"]
