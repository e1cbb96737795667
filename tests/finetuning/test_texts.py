"""What a policy learns from: demonstrations, best responses, pairs and prompts, out of snapshots and files."""

import json
from pathlib import Path

import pytest

from finetuning.core.texts import (
    best_responses,
    chats,
    preferred_pairs,
    read_prompts,
    read_records,
    unique_prompts,
    written_demonstrations,
)
from preferences.pairs import PairRules
from rewardmodel.core.errors import InvalidData
from tests.rewardmodel.builders import record


def lines(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_conversation_is_made_of_each_answer_good_or_bad():
    found = list(chats([record("Why?", ["because", "go away"])]))

    assert [chat[-1]["content"] for chat in found] == ["because", "go away"]
    assert all(chat[0] == {"role": "user", "content": "Why?"} for chat in found)


def test_the_best_response_is_the_one_with_the_best_mean_place():
    # Places of a, b, c: (0, 1, 2) and (1, 0, 2) and (0, 1, 2): a has 1/3, b 2/3.
    judged = record("Why?", ["a", "b", "c"], ((0,), (1,), (2,)), ((1,), (0,), (2,)), ((0,), (1,), (2,)))

    assert [demonstration.response for demonstration in best_responses([judged])] == ["a"]


@pytest.mark.parametrize("rankings", [(), (((0, 1), (2,)),), (((0,), (1,), (2,)), ((1,), (0,), (2,)))])
def test_nothing_is_taken_where_nobody_judged_or_two_share_the_best_place(rankings):
    assert list(best_responses([record("Why?", ["a", "b", "c"], *rankings)])) == []


def test_a_response_left_out_of_a_ranking_stands_below_those_in_it():
    judged = record("Why?", ["a", "b", "c"], ((1,),))

    assert [demonstration.response for demonstration in best_responses([judged])] == ["b"]


def test_written_demonstrations_are_those_of_that_kind_only():
    shown = record("Why?", ["because"], kind="demonstration")

    assert [d.response for d in written_demonstrations([record("How?", ["a", "b"]), shown])] == ["because"]


def test_pairs_follow_the_judgments_and_a_tie_is_none():
    judged = record("Why?", ["a", "b", "c"], ((1,), (0, 2)))

    pairs = {(pair.better, pair.worse) for pair in preferred_pairs([judged], PairRules())}

    assert pairs == {("b", "a"), ("b", "c")}


def test_prompts_come_once_and_in_an_order_that_the_file_does_not_decide():
    records = [record("Why?", ["a", "b"]), record("How?", ["c", "d"]), record("Why?", ["e", "f"])]

    prompts = unique_prompts(records)

    assert len(prompts) == 2
    assert prompts == unique_prompts(reversed(records))


def test_a_prompt_file_holds_text_or_messages(tmp_path):
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    file = lines(tmp_path / "prompts.jsonl", [{"prompt": "Why?"}, {"prompt": messages}, {"prompt": "Why?"}])

    assert [len(prompt) for prompt in read_prompts(file)] == [1, 2]


def test_a_row_without_a_prompt_is_named_by_its_line(tmp_path):
    file = lines(tmp_path / "prompts.jsonl", [{"prompt": "Why?"}, {"question": "How?"}])

    with pytest.raises(InvalidData, match="line 2"):
        read_prompts(file)


def test_a_jsonl_file_is_read_in_whichever_format_it_is(tmp_path):
    file = lines(tmp_path / "rows.jsonl", [{"prompt": "Why?", "responses": ["a", "b"]}])

    assert [len(found.responses) for found in read_records(file)] == [2]


def test_a_snapshot_gives_only_the_splits_that_are_asked_for(planted_file):
    everything = [found.prompt_hash for found in read_records(planted_file)]
    train = [found.prompt_hash for found in read_records(planted_file, splits=("train",))]
    others = [found.prompt_hash for found in read_records(planted_file, splits=("validation", "test"))]

    assert sorted(train + others) == sorted(everything)
    assert train
    assert others


def test_a_row_that_cannot_be_read_raises_or_is_noted_with_its_line(tmp_path):
    good = {"prompt": "Why?", "responses": ["a", "b"]}
    file = lines(tmp_path / "rows.jsonl", [good, {"prompt": "How?", "responses": ["c"]}, good])
    left_out: list[str] = []

    assert len(list(read_records(file, left_out=left_out))) == 2
    assert [note.partition(":")[0] for note in left_out] == ["line 2"]
    with pytest.raises(InvalidData, match="line 2"):
        list(read_records(file))
