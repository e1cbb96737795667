"""Answers to prompts in a file, by one policy or several."""

import json

import pytest

from finetuning.core.generate import generate
from rewardmodel.core.errors import InvalidConfig, InvalidData
from tests.finetuning.conftest import run_in

PROMPTS = [{"prompt": "how do i boil an egg"}, {"prompt": [{"role": "user", "content": "how do i cool water"}]}]


def prepare(path, rows=PROMPTS):
    path.mkdir(exist_ok=True)
    (path / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def answers(path):
    return [json.loads(line) for line in (path / "responses.jsonl").read_text().splitlines()]


def test_each_prompt_gets_each_policys_answers_with_their_names_and_settings(tmp_path, tiny_policy):
    prepare(tmp_path)
    config = {"policies": {"old": str(tiny_policy), "new": str(tiny_policy)}, "max_response_tokens": 12, "seed": 5}

    result = run_in(tmp_path, config, generate)

    rows = answers(tmp_path)
    assert result["prompts"] == 2
    assert result["responses"] == sum(len(row["responses"]) for row in rows)
    assert [row["prompt"][-1]["content"] for row in rows] == ["how do i boil an egg", "how do i cool water"]
    for row in rows:
        assert [response["policy"] for response in row["responses"]] == ["old", "new"]
        assert all(response["content"].strip() == response["content"] != "" for response in row["responses"])
        assert row["responses"][0]["sampling"]["seed"] == 5


def test_generating_twice_gives_the_same_file(tmp_path, tiny_policy):
    config = {"policies": {"old": str(tiny_policy)}, "samples_per_prompt": 3, "max_response_tokens": 12}
    for name in ("first", "second"):
        prepare(tmp_path / name)
        run_in(tmp_path / name, config, generate)

    assert (tmp_path / "first" / "responses.jsonl").read_bytes() == (
        tmp_path / "second" / "responses.jsonl"
    ).read_bytes()


def test_without_a_prompt_there_is_nothing_to_do(tmp_path, tiny_policy):
    prepare(tmp_path, rows=[])

    with pytest.raises(InvalidData, match="no prompt"):
        run_in(tmp_path, {"policies": {"old": str(tiny_policy)}}, generate)


def test_answers_longer_than_the_window_are_refused(tmp_path, tiny_policy):
    prepare(tmp_path)

    with pytest.raises(InvalidConfig, match="max_response_tokens"):
        run_in(tmp_path, {"policies": {"old": str(tiny_policy)}, "max_response_tokens": 1000}, generate)
