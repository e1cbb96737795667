"""The demo files are what the hand-written families say, and fit for what the loop proves with them."""

import json
from pathlib import Path

import pytest

from labeling.demo.families import HELPFUL, TERSE, WRONG, read_families, read_pools
from labeling.demo.generate import COMPARED_QUESTIONS, write_files
from preferences.hashing import response_hash

FOLDER = Path(__file__).parents[2] / "labeling" / "demo"
FILES = ["responses.jsonl", "pair_project.jsonl", "demonstrations.jsonl", "unseen_prompts.jsonl"]


def rows(name: str) -> list[dict]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def test_generating_again_gives_the_committed_files_byte_for_byte(tmp_path):
    write_files(tmp_path)

    for name in FILES:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_the_files_stay_small():
    assert sum((FOLDER / name).stat().st_size for name in FILES) < 600_000


def test_every_family_has_five_questions_and_two_answers_of_each_kind():
    for family in read_families():
        assert len(family.questions) == COMPARED_QUESTIONS + 1, family.name
        for kind in (HELPFUL, TERSE, WRONG):
            assert len(set(family.answers[kind])) >= 2, (family.name, kind)


def test_a_comparison_has_four_different_answers_and_a_quality_for_each():
    for row in rows("responses.jsonl"):
        contents = [response["content"] for response in row["responses"]]
        assert len(set(contents)) == len(contents) == 4
        assert len(row["metadata"]["planted_quality"]) == 4


def planted(row):
    """The quality of each response, in the order of the row."""
    by_hash = row["metadata"]["planted_quality"]
    return [by_hash[response_hash(response["content"])[:16]] for response in row["responses"]]


def test_a_pair_has_two_different_answers():
    for row in rows("pair_project.jsonl"):
        assert len({response["content"] for response in row["responses"]}) == 2


def test_about_a_fifth_is_korean():
    languages = [row["metadata"]["language"] for row in rows("responses.jsonl")]

    assert 0.15 < languages.count("ko") / len(languages) < 0.25


def test_length_alone_does_not_decide():
    longest_wins = []
    for row in rows("responses.jsonl"):
        quality = planted(row)
        longest = max(range(4), key=lambda index: len(row["responses"][index]["content"]))
        longest_wins.append(quality[longest] == max(quality))

    assert 0.3 < sum(longest_wins) / len(longest_wins) < 0.7


def test_unseen_prompts_occur_nowhere_else():
    def prompts(name: str) -> set[str]:
        return {json.dumps(row["prompt"]) for row in rows(name)}

    seen = prompts("responses.jsonl") | prompts("pair_project.jsonl") | prompts("demonstrations.jsonl")

    assert not prompts("unseen_prompts.jsonl") & seen


def test_gold_follows_the_planted_quality():
    golden = [row for row in rows("responses.jsonl") if "gold" in row]

    assert len(golden) >= 12
    for row in golden:
        quality = planted(row)
        order = [quality[group[0]] for group in row["gold"]]
        assert order == sorted(order, reverse=True)


def test_shared_phrases_exist_in_both_languages():
    pools = read_pools()

    assert {f"{language}-{pool}" for language in ("en", "ko") for pool in ("rude", "opener", "closer")} == set(pools)


def test_a_line_without_a_mark_is_refused(tmp_path, monkeypatch):
    (tmp_path / "broken.txt").write_text("# family\nno mark here\n", encoding="utf-8")
    monkeypatch.setattr("labeling.demo.families.FOLDER", tmp_path)

    with pytest.raises(ValueError, match="no mark here"):
        read_families()
