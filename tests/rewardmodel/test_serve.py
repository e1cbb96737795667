"""The scoring server over its WSGI interface and, once, under gunicorn."""

import io
import json
import os
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from rewardmodel.core.model_pool import ModelPool
from rewardmodel.core.run_directory import write_json_atomically
from rewardmodel.core.scorer import RewardScorer, ScoreItem
from rewardmodel.core.serve import ScoringApplication
from tests.rewardmodel.test_checkpoint import save

ROOT = Path(__file__).resolve().parents[2]
ITEM = {"prompt": "how do i boil an egg", "response": "good"}


@pytest.fixture(scope="module")
def home(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / "reward-models").mkdir()
    for name in ("first", "second"):
        save(tiny_bert, home / "reward-models" / name)
    return home


def promote(home: Path, name: str) -> None:
    (home / "reward-models" / "aliases").mkdir(exist_ok=True)
    write_json_atomically(
        home / "reward-models" / "aliases" / "champion.json", {"name": name, "directory": f"reward-models/{name}"}
    )


@pytest.fixture
def application(home: Path) -> ScoringApplication:
    promote(home, "first")
    application = ScoringApplication(ModelPool(home))
    wait_until(lambda: call(application, "/health")[1]["status"] == "ready")
    return application


def wait_until(claim: Any) -> None:
    deadline = time.monotonic() + 30
    while not claim() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert claim()


def call(application: ScoringApplication, path: str, body: Any = None, *, method: str = "") -> tuple[int, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    statuses: list[str] = []
    environ = {
        "PATH_INFO": path,
        "REQUEST_METHOD": method or ("POST" if body is not None else "GET"),
        "wsgi.input": io.BytesIO(raw),
    }
    content = b"".join(application(environ, lambda status, headers: statuses.append(status)))  # type: ignore[arg-type]
    return int(statuses[0].split()[0]), json.loads(content)


def expected(home: Path, *items: ScoreItem) -> list[float]:
    return [reward.reward for reward in RewardScorer.load(home / "reward-models" / "first").score(items)]


def test_our_own_shape_answers_rewards_in_order(application: ScoringApplication, home: Path) -> None:
    chat = [{"role": "user", "content": "an egg"}]
    status, answer = call(application, "/v1/score", {"items": [ITEM, {"prompt": chat, "response": "bad bad"}]})
    assert status == 200
    assert answer["model"] == "first"
    rewards = [result["reward"] for result in answer["results"]]
    wanted = expected(home, ScoreItem(ITEM["prompt"], "good"), ScoreItem("an egg", "bad bad"))
    assert rewards == pytest.approx(wanted, abs=1e-5)
    assert answer["results"][0]["reward_normalized"] == pytest.approx((rewards[0] - 0.5) / 2)
    assert answer["results"][0]["uncertainty"] is None


def test_openrlhf_gets_rewards_and_scores(application: ScoringApplication, home: Path) -> None:
    body = {"query": ["how do i boil an egg good"], "prompts": ["how do i boil an egg"]}
    status, answer = call(application, "/get_reward", body)
    assert status == 200
    assert answer["rewards"] == answer["scores"] == answer["extra_logs"]["dummy_scores"]
    assert answer["rewards"] == pytest.approx(expected(home, ScoreItem(ITEM["prompt"], " good")), abs=1e-5)


def test_vllm_gets_the_reward_when_it_asks_for_no_activation(application: ScoringApplication, home: Path) -> None:
    messages = [{"role": "user", "content": ITEM["prompt"]}, {"role": "assistant", "content": "good"}]
    raw = call(application, "/classify", {"messages": messages, "use_activation": False})[1]
    probability = call(application, "/classify", {"messages": messages})[1]
    wanted = expected(home, ScoreItem(ITEM["prompt"], "good"))
    assert raw["data"][0]["probs"] == pytest.approx(wanted, abs=1e-5)
    assert 0 < probability["data"][0]["probs"][0] < 1
    assert len(call(application, "/classify", {"input": ["a", "b"]})[1]["data"]) == 2
    assert len(call(application, "/classify", {"input": "a"})[1]["data"]) == 1


def test_a_reranker_answers_best_first(application: ScoringApplication) -> None:
    body = {"query": "an egg", "documents": ["good", {"text": "bad bad bad"}, "water"], "top_n": 2}
    status, answer = call(application, "/v1/rerank", body)
    assert status == 200
    scores = [result["relevance_score"] for result in answer["results"]]
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)
    assert answer["results"][0]["document"]["text"] in ("good", "bad bad bad", "water")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/score", {}, "items"),
        ("/v1/score", {"items": [7]}, "items"),
        ("/v1/score", {"items": [{"prompt": "x"}]}, "items[0].response"),
        ("/v1/score", {"items": [{"prompt": [{"role": "user"}], "response": "x"}]}, "items[0].prompt[0].content"),
        ("/v1/score", {"items": [{"prompt": [], "response": "x"}]}, "items[0].prompt"),
        ("/v1/score", {"items": [ITEM] * 1025}, "items"),
        ("/v1/score", {"items": [{"prompt": "x", "response": "y" * 200_001}]}, "items[0].response"),
        ("/get_reward", {"query": "text"}, "query"),
        ("/get_reward", {"query": ["a"], "prompts": ["a", "b"]}, "prompts"),
        ("/classify", {"input": [1]}, "input[0]"),
        ("/classify", {"messages": [{"role": "user", "content": "x"}]}, "messages"),
        ("/v1/rerank", {"query": "x"}, "documents"),
        ("/v1/rerank", {"query": "x", "documents": ["a"], "top_n": 0}, "top_n"),
    ],
)
def test_bad_input_is_answered_with_its_field(
    application: ScoringApplication, path: str, body: Any, field: str
) -> None:
    status, answer = call(application, path, body)
    assert status == 400
    assert field in answer["fields"]
    assert answer["code"] == "invalid"
    assert answer["message"]


@pytest.mark.parametrize("raw", [b"{", b"[1]", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(application: ScoringApplication, raw: bytes) -> None:
    assert call(application, "/v1/score", raw)[0] == 400


def test_wrong_address_and_wrong_method(application: ScoringApplication) -> None:
    assert call(application, "/nowhere", {})[0] == 404
    assert call(application, "/v1/score", method="GET")[0] == 405


def test_without_a_champion_the_server_says_so(tmp_path: Path) -> None:
    application = ScoringApplication(ModelPool(tmp_path))
    status, answer = call(application, "/v1/score", {"items": [ITEM]})
    assert status == 503
    assert "Promote one" in answer["message"]
    assert call(application, "/health") == (
        200,
        {"status": "no-model", "model": None, "digest": None, "problem": None},
    )


def test_a_promoted_model_takes_over_while_the_server_runs(application: ScoringApplication, home: Path) -> None:
    for name in ("second", "first"):
        promote(home, name)
        wait_until(lambda name=name: call(application, "/health")[1]["model"] == name)
        assert call(application, "/v1/score", {"items": [ITEM]})[1]["model"] == name


def test_a_broken_champion_leaves_the_old_one_in_place(application: ScoringApplication, home: Path) -> None:
    write_json_atomically(home / "reward-models/aliases/champion.json", {"name": "gone", "directory": "nowhere"})
    wait_until(lambda: call(application, "/health")[1]["problem"])
    assert "holds no plumbline.json" in call(application, "/health")[1]["problem"]
    assert call(application, "/v1/score", {"items": [ITEM]})[1]["model"] == "first"


def test_another_model_can_be_named(application: ScoringApplication) -> None:
    assert call(application, "/v1/score", {"items": [ITEM], "model": "second"})[1]["model"] == "second"


@pytest.mark.parametrize("name", ["third", "../first", "", "a/b", "first/../first"])
def test_a_model_that_does_not_exist_is_said_so(application: ScoringApplication, name: str) -> None:
    status, answer = call(application, "/v1/score", {"items": [ITEM], "model": name})
    assert status == 503
    assert "There is no reward model named" in answer["message"]


@pytest.mark.slow
def test_it_runs_under_gunicorn(home: Path, free_port: int) -> None:
    promote(home, "first")
    command = [sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "4", "--bind", f"127.0.0.1:{free_port}"]
    server = subprocess.Popen(
        [*command, "rewardmodel.core.serve:create_application()"],
        cwd=ROOT,
        env={**os.environ, "PLUMBLINE_HOME": str(home)},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: ask(free_port, "GET", "/health").get("status") == "ready")
        answer = ask(free_port, "POST", "/v1/score", {"items": [ITEM]})
        wanted = expected(home, ScoreItem(ITEM["prompt"], ITEM["response"]))
        assert answer["results"][0]["reward"] == pytest.approx(wanted[0], abs=1e-5)
    finally:
        server.terminate()
        server.wait(30)


def ask(port: int, method: str, path: str, body: Any = None) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, json.dumps(body) if body else None)
        return json.load(connection.getresponse())
    except OSError:
        return {}
    finally:
        connection.close()
