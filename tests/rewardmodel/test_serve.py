"""The scoring server over its WSGI interface: shapes, errors, and which model answers."""

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
import torch
from prometheus_client.parser import text_string_to_metric_families

from rewardmodel.core.run_directory import write_json_atomically
from rewardmodel.core.scorer import RewardScorer, ScoreItem
from rewardmodel.core.serving.batching import Limits, QueueFull, ScoringFailed, TooSlow
from rewardmodel.core.serving.model_pool import ModelPool, ServedModel
from rewardmodel.core.serving.serve import LARGEST_BODY_BYTES, ScoringApplication, create_application
from tests.rewardmodel.serving import ITEM, call, call_for_headers, make_home, promote, wait_until


@pytest.fixture(scope="module")
def home(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tiny_bert, tmp_path_factory.mktemp("home"))


@pytest.fixture
def application(home: Path) -> ScoringApplication:
    promote(home, "first")
    application = ScoringApplication(ModelPool(home))
    wait_until(lambda: call(application, "/health")[1]["status"] == "ready")
    return application


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
    scorer = RewardScorer.load(home / "reward-models" / "first")
    assert (answer["digest"], answer["template_digest"]) == (scorer.digest, scorer.template_digest)
    assert answer["precision"] == "fp32"
    texts = scorer.encode([ScoreItem(ITEM["prompt"], "good"), ScoreItem(chat, "bad bad")])
    assert answer["usage"] == {"total_tokens": sum(len(text.token_ids) for text in texts)}


def test_openrlhf_gets_rewards_and_scores(application: ScoringApplication, home: Path) -> None:
    body = {"query": ["how do i boil an egg good"], "prompts": ["how do i boil an egg"]}
    status, answer = call(application, "/get_reward", body)
    assert status == 200
    assert set(answer) == {"rewards", "scores", "extra_logs"}
    assert answer["rewards"] == answer["scores"] == answer["extra_logs"]["dummy_scores"]
    assert answer["rewards"] == pytest.approx(expected(home, ScoreItem(ITEM["prompt"], " good")), abs=1e-5)


def test_vllm_gets_the_reward_when_it_asks_for_no_activation(application: ScoringApplication, home: Path) -> None:
    messages = [{"role": "user", "content": ITEM["prompt"]}, {"role": "assistant", "content": "good"}]
    raw = call(application, "/classify", {"messages": messages, "use_activation": False})[1]
    probability = call(application, "/classify", {"messages": messages})[1]
    wanted = expected(home, ScoreItem(ITEM["prompt"], "good"))
    assert raw["data"][0]["probs"] == pytest.approx(wanted, abs=1e-5)
    assert 0 < probability["data"][0]["probs"][0] < 1
    assert set(raw) == {"id", "object", "created", "model", "data", "usage"}
    assert set(raw["usage"]) == {"prompt_tokens", "total_tokens", "completion_tokens", "prompt_tokens_details"}
    assert raw["usage"]["prompt_tokens"] == raw["usage"]["total_tokens"] > 0
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
    assert set(answer) == {"id", "model", "results", "usage"}
    for path in ("/rerank", "/v2/rerank"):
        bare = call(application, path, {**body, "top_n": 0, "return_documents": False})[1]["results"]
        assert [set(result) for result in bare] == [{"index", "relevance_score"}] * 3


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
        ("/v1/rerank", {"query": "x", "documents": ["a"], "top_n": -1}, "top_n"),
        ("/v1/rerank", {"query": "x", "documents": ["a"], "top_n": True}, "top_n"),
        ("/v1/score", {"items": [{"prompt": "x", "response": "\ud800"}]}, "items[0].response"),
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
        {
            "status": "no-model",
            **dict.fromkeys(("model", "digest", "template_digest", "precision", "problem")),
        },
    )
    assert call(application, "/ready")[0] == 503


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
    assert status == 404
    assert "There is no reward model named" in answer["message"]


@pytest.mark.parametrize("model", [["second"], 7, {}, False])
def test_a_model_that_is_no_name_is_refused_at_our_own_address_alone(
    application: ScoringApplication, model: Any
) -> None:
    status, answer = call(application, "/v1/score", {"items": [ITEM], "model": model})
    assert (status, answer["fields"]) == (400, {"model": "must be a text"})
    assert call(application, "/v1/score", {"items": [ITEM], "model": None})[1]["model"] == "first"
    assert call(application, "/classify", {"input": "x", "model": model})[0] == 200


def test_an_alias_names_a_model_too(application: ScoringApplication, home: Path) -> None:
    write_json_atomically(home / "reward-models/aliases/candidate.json", {"name": "second", "directory": "unused"})
    for alias, name in (("candidate", "second"), ("champion", "first")):
        assert call(application, "/v1/score", {"items": [ITEM], "model": alias})[1]["model"] == name


def test_a_champion_that_was_broken_is_tried_again(
    application: ScoringApplication, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rewardmodel.core.serving.model_pool.SECONDS_BETWEEN_ATTEMPTS", 0.0)
    write_json_atomically(
        home / "reward-models/aliases/champion.json", {"name": "third", "directory": "reward-models/third"}
    )
    wait_until(lambda: call(application, "/health")[1]["problem"])
    shutil.copytree(home / "reward-models" / "second", home / "reward-models" / "third")
    wait_until(lambda: call(application, "/health")[1]["model"] == "third")
    assert call(application, "/health")[1]["problem"] is None
    shutil.rmtree(home / "reward-models" / "third")


def test_a_damaged_file_never_stops_the_server_from_following_promotions(
    application: ScoringApplication, home: Path
) -> None:
    (home / "reward-models/aliases/champion.json").write_bytes(b"[]")
    wait_until(lambda: "cannot be loaded" in (call(application, "/health")[1]["problem"] or ""))
    promote(home, "second")
    wait_until(lambda: call(application, "/health")[1]["model"] == "second")
    assert call(application, "/health")[1]["problem"] is None
    assert call(application, "/v1/score", {"items": [ITEM]})[0] == 200


def test_ready_once_there_is_a_champion(application: ScoringApplication) -> None:
    assert call(application, "/ready")[0] == 200


def test_models_are_listed_as_openai_lists_them(application: ScoringApplication) -> None:
    status, answer = call(application, "/v1/models")
    assert (status, answer["object"]) == (200, "list")
    assert [(model["id"], model["object"], model["is_champion"]) for model in answer["data"]] == [
        ("first", "model", True),
        ("second", "model", False),
    ]


def test_a_token_is_asked_for_everywhere_but_where_life_is_looked_for(
    application: ScoringApplication,
) -> None:
    guarded = ScoringApplication(application.pool, token="secret-ä")
    assert call(guarded, "/health")[0] == call(guarded, "/ready")[0] == 200
    for authorization in ("", "secret-ä", "Bearer secret", "Bearer secret-ä "):
        for path, body in (("/v1/score", {"items": [ITEM]}), ("/metrics", None), ("/v1/models", None)):
            status, answer = call(guarded, path, body, HTTP_AUTHORIZATION=authorization)
            assert (status, answer["code"]) == (401, "unauthorized")
    assert call(guarded, "/v1/score", {"items": [ITEM]}, HTTP_AUTHORIZATION="Bearer secret-ä")[0] == 200


def test_a_body_that_says_it_is_too_large_is_not_read(application: ScoringApplication) -> None:
    status, answer = call(application, "/v1/score", b"{}", CONTENT_LENGTH=str(LARGEST_BODY_BYTES + 1))
    assert (status, answer["code"]) == (413, "too_large")
    assert call(application, "/v1/score", b" " * (LARGEST_BODY_BYTES + 1))[0] == 413


class Overrun:
    """A queue that is full, or too slow: what a server under too much load meets."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    def score(self, texts: Any, *, until: float) -> Any:
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "status", "code", "retry"),
    [
        (QueueFull("2 texts wait."), 503, "queue_full", "1"),
        (TooSlow("Not within 1 s."), 504, "too_slow", None),
        (ScoringFailed("no"), 500, "failed", None),
    ],
)
def test_a_server_under_too_much_load_says_so(
    application: ScoringApplication, failure: Exception, status: int, code: str, retry: str | None
) -> None:
    champion = application.pool.champion()
    application.pool._champion = ServedModel(champion.name, champion.scorer, Overrun(failure))  # type: ignore[arg-type]
    found, headers, content = call_for_headers(application, "/v1/score", {"items": [ITEM]})
    assert (found, json.loads(content)["code"], headers.get("Retry-After")) == (status, code, retry)


class Crowded:
    """A scorer that tells how many requests it encodes at the same time, and takes its time."""

    def __init__(self, scorer: RewardScorer, seconds: float) -> None:
        self.scorer, self.seconds = scorer, seconds
        self.now = self.most = 0
        self.guard = Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.scorer, name)

    def encode(self, items: Any) -> Any:
        with self.guard:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds)
        with self.guard:
            self.now -= 1
        return self.scorer.encode(items)


def crowded(home: Path, *, seconds: float, limits: Limits) -> tuple[ScoringApplication, Crowded]:
    promote(home, "first")
    application = ScoringApplication(ModelPool(home, limits=limits))
    wait_until(lambda: call(application, "/health")[1]["status"] == "ready")
    champion = application.pool.champion()
    scorer = Crowded(champion.scorer, seconds)
    application.pool._champion = ServedModel(champion.name, scorer, champion.batcher)  # type: ignore[arg-type]
    return application, scorer


def statuses_of_many(application: ScoringApplication, requests: int) -> list[int]:
    with ThreadPoolExecutor(requests) as threads:
        return list(threads.map(lambda _: call(application, "/v1/score", {"items": [ITEM]})[0], range(requests)))


def test_few_requests_become_tokens_at_the_same_time(home: Path) -> None:
    application, scorer = crowded(home, seconds=0.05, limits=Limits(encoded_at_once=2))
    assert statuses_of_many(application, 8) == [200] * 8
    assert scorer.most == 2


def test_a_request_whose_turn_does_not_come_in_time_is_too_slow(home: Path) -> None:
    application, _scorer = crowded(home, seconds=1.0, limits=Limits(encoded_at_once=1, request_seconds=0.5))
    assert statuses_of_many(application, 2) == [504, 504]


def test_metrics_are_what_prometheus_reads(application: ScoringApplication) -> None:
    call(application, "/v1/score", {"items": [ITEM, {"prompt": "an egg", "response": "bad " * 20}]})
    call(application, "/v1/score", {})
    call(application, "/nowhere/else")
    text = call_for_headers(application, "/metrics")[2]
    families = {family.name: family for family in text_string_to_metric_families(text)}
    values = {(sample.name, *sorted(sample.labels.values())): sample.value
              for family in families.values() for sample in family.samples}  # fmt: skip
    name = "plumbline_scorer"
    assert values[f"{name}_requests_total", "/v1/score", "200"] == 1
    assert values[f"{name}_requests_total", "/v1/score", "400"] == 1
    assert values[f"{name}_requests_total", "404", "other"] == 1
    assert values[f"{name}_texts_total", "first"] == 2
    assert values[f"{name}_request_seconds_count", "/v1/score"] == 2
    assert values[f"{name}_batch_texts_sum",] == 2
    assert values[f"{name}_computed_tokens_total",] == values[f"{name}_tokens_total",] > 0  # packed: no padding
    assert values[f"{name}_padding_share",] == 0
    assert values[f"{name}_waiting_texts",] == 0
    assert values[f"{name}_model_loads_total", "loaded"] == 1
    (info,) = families[f"{name}_champion_info"].samples
    assert info.labels == application.pool.champion().labels


def test_a_precision_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUMBLINE_SCORER_PRECISION", "int3")
    with pytest.raises(ValueError, match="PLUMBLINE_SCORER_PRECISION"):
        create_application()


def test_a_server_in_bf16_says_so_and_gives_nearly_the_same_rewards(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(home, "first")
    monkeypatch.setenv("PLUMBLINE_SCORER_PRECISION", "bf16")
    monkeypatch.setenv("PLUMBLINE_HOME", str(home))
    monkeypatch.setenv("PLUMBLINE_TORCH_THREADS", str(torch.get_num_threads()))
    application = create_application()
    wait_until(lambda: call(application, "/health")[1]["status"] == "ready")
    assert call(application, "/health")[1]["precision"] == "bf16"
    status, answer = call(application, "/v1/score", {"items": [ITEM]})
    assert (status, answer["precision"]) == (200, "bf16")
    (wanted,) = expected(home, ScoreItem(ITEM["prompt"], ITEM["response"]))
    (given,) = (result["reward"] for result in answer["results"])
    assert given != wanted
    assert given == pytest.approx(wanted, abs=0.1)
