"""A base policy from a corpus: reproducible, resumable, adopted from a directory if wanted."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from finetuning.core.base_config import BaseConfig
from finetuning.core.make_base import forget_prompts, make_base, pad_right, steps_of
from finetuning.core.policy import load_policy, policy_digest
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.run_directory import EXIT_STOPPED, RunDirectory, Stopped
from tests.finetuning.conftest import TINY_BASE, metrics_of, run_in


def start_child(path: Path, config: dict) -> subprocess.Popen:
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps(config))
    return subprocess.Popen(
        [sys.executable, "-m", "finetuning.core.make_base", str(path)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
    )


def wait_for_checkpoint(path: Path, child: subprocess.Popen, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not list((path / "checkpoints").glob("step-*")):
        assert child.poll() is None, child.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_same_seed_makes_the_same_policy(tmp_path, tiny_policy, planted_file):
    run_in(tmp_path / "again", {"corpus": [str(planted_file)], **TINY_BASE}, make_base)

    assert policy_digest(tmp_path / "again" / "policy") == policy_digest(tiny_policy)


def test_the_loss_falls(tmp_path, planted_file):
    result = run_in(tmp_path, {"corpus": [str(planted_file)], **TINY_BASE}, make_base)

    losses = [line["loss"] for line in metrics_of(tmp_path)]
    assert losses[-1] < losses[0] / 2
    assert result["parameters"] == sum(weight.numel() for weight in load_policy(tmp_path / "policy").model.parameters())


def test_stopped_and_resumed_it_ends_where_it_would_have_ended(tmp_path, tiny_policy, planted_file):
    config = {"corpus": [str(planted_file)], **TINY_BASE}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with RunDirectory(tmp_path) as directory:
        directory.should_stop = True
        with pytest.raises(Stopped):
            make_base(directory)
    assert [checkpoint.name for checkpoint in (tmp_path / "checkpoints").iterdir()] == ["step-00000001"]

    run_in(tmp_path, config, make_base)

    assert policy_digest(tmp_path / "policy") == policy_digest(tiny_policy)


@pytest.mark.slow
def test_killed_and_asked_to_stop_the_child_goes_on_from_its_checkpoint(tmp_path, planted_file):
    config = {"corpus": [str(planted_file)], **TINY_BASE, "steps": 300, "checkpoint_every_steps": 5}
    child = start_child(tmp_path, config)
    wait_for_checkpoint(tmp_path, child)
    child.kill()
    child.wait()
    child = start_child(tmp_path, config)
    wait_for_checkpoint(tmp_path, child)
    time.sleep(0.3)
    child.send_signal(signal.SIGTERM)
    assert child.wait() in (EXIT_STOPPED, -signal.SIGTERM)  # the second before it has begun to listen
    assert not (tmp_path / "result.json").exists()

    child = start_child(tmp_path, config)
    assert child.wait() == 0, child.stderr.read().decode()
    assert json.loads((tmp_path / "result.json").read_text())["steps"] == 300


def test_a_model_that_is_there_is_adopted_with_the_same_answers(tmp_path, tiny_policy):
    result = run_in(tmp_path, {"path": str(tiny_policy), "name": "adopted"}, make_base)

    assert load_policy(tmp_path / "policy").model.config.vocab_size == load_policy(tiny_policy).model.config.vocab_size
    assert json.loads((tmp_path / "policy" / "plumbline.json").read_text())["name"] == "adopted"
    assert result["steps"] == 0


def test_each_epoch_visits_every_conversation_once():
    config = BaseConfig(corpus=("x",), **{**TINY_BASE, "steps": 12, "tokens_per_step": 20})
    texts = [[1] * length for length in (4, 5, 6, 7, 8, 9, 10, 11)]

    plan = steps_of(texts, config)

    seen: list[int] = []
    for step in plan:
        seen += step
        if len(seen) == len(texts):
            break
    assert sorted(seen) == list(range(len(texts)))
    assert all(len(step) * max(len(texts[index]) for index in step) <= 20 for step in plan)


def test_a_row_is_padded_on_the_right():
    assert pad_right([[5, 6, 7], [8]], pad_token_id=0).tolist() == [[5, 6, 7], [8, 0, 0]]


def test_prompts_lose_words_but_answers_and_marks_never(tiny_policy):
    tokenizer = load_policy(tiny_policy).tokenizer
    chat = [{"role": "user", "content": "how do i boil an egg in water now"}, {"role": "assistant", "content": "good"}]
    text = list(tokenizer.apply_chat_template(chat, return_dict=True)["input_ids"])
    config = BaseConfig(corpus=("x",), prompt_dropout=0.5)

    shown = [forget_prompts([text], tokenizer, config, step=step)[0] for step in range(40)]

    answer = text[text.index(tokenizer.convert_tokens_to_ids("<|assistant|>")) :]
    marks = [token for token in text if token in tokenizer.all_special_ids]
    assert all(ids[-len(answer) :] == answer for ids in shown)
    assert all([token for token in ids if token in tokenizer.all_special_ids] == marks for ids in shown)
    assert len({len(ids) for ids in shown}) > 3


@pytest.mark.parametrize(
    "wrong",
    [{}, {"corpus": ["a"], "path": "b"}, {"corpus": ["a"], "heads": 7}, {"corpus": ["a"], "what": 1}, {"corpus": 3}],
)
def test_a_config_that_cannot_be_is_refused(wrong):
    with pytest.raises(InvalidConfig):
        BaseConfig.from_dict(wrong)
