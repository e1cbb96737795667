"""Comparisons become texts and pairs, and every row is accounted for."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from preferences.pairs import PairRules
from preferences.ratings import Rating
from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord
from preferences.snapshot import write_snapshot
from preferences.splits import Split
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.data.batches import epoch_steps, text_batches
from rewardmodel.core.data.template import Template
from rewardmodel.core.data.training_data import read_split
from rewardmodel.core.data.training_set import COMPARISONS_AT_ONCE, tokenize
from rewardmodel.core.evaluate_reward import FileRow
from rewardmodel.core.losses.bradley_terry import bradley_terry_loss
from rewardmodel.core.model import load_backbone
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.run_directory import RunDirectory
from rewardmodel.core.training.objective import pair_batch
from tests.rewardmodel.builders import planted_records, record


@pytest.fixture(scope="module")
def template(tiny_bert: Path) -> Template:
    return load_backbone(str(tiny_bert), max_length_tokens=32).template


def test_each_response_is_one_text_and_pairs_point_at_them(template: Template) -> None:
    row = record("how", ["good good", "bad", "good", "bad bad"], ((0,), (2,), (1,), (3,)))
    data = tokenize([FileRow(row)], rules=PairRules(), template=template)
    (comparison,) = data.comparisons
    assert len(comparison.texts) == 4
    order = {(pair.better, pair.worse) for pair in comparison.pairs}
    assert order == {(0, 2), (0, 1), (0, 3), (2, 1), (2, 3), (1, 3)}


def test_a_response_in_no_pair_costs_no_forward_pass(template: Template) -> None:
    row = record("how", ["good", "bad", "red"], ((0, 1),))
    (comparison,) = tokenize([FileRow(row)], rules=PairRules(), template=template).comparisons
    assert len(comparison.texts) == 3
    (comparison,) = tokenize(
        [FileRow(record("how", ["a", "red", "blue"], ((1, 2),), ((1,), (0, 2))))],
        rules=PairRules(),
        template=template,
    ).comparisons
    assert {(pair.better, pair.worse) for pair in comparison.pairs} == {(1, 0), (2, 0), (1, 2)}


def test_all_judgments_of_a_prompt_weigh_as_one(template: Template) -> None:
    rows = [
        FileRow(record("how", ["good", "bad"], ((0,), (1,)), ((1,), (0,)))),
        FileRow(record("how", ["good", "bad", "red"], ((0,), (1,), (2,)))),
        FileRow(record("an egg", ["good", "bad"], ((0,), (1,)))),
    ]
    data = tokenize(rows, rules=PairRules(), template=template)
    weights = [sum(pair.weight for pair in comparison.pairs) for comparison in data.comparisons]
    assert weights == pytest.approx([0.5, 0.5, 1])


def test_every_row_is_used_or_counted_with_its_reason(template: Template) -> None:
    prompt = (Message(role="user", content="how"),)
    rows = [
        FileRow(record("one", ["good", "bad"], ((0,), (1,)))),
        FileRow(record("two", ["good", "bad"], ((0, 1),))),
        FileRow(record("three", ["good", "bad"])),
        FileRow(ComparisonRecord(prompt=prompt, responses=(ResponseRecord("good"),), kind="demonstration")),
        FileRow(ComparisonRecord(prompt=prompt, responses=(ResponseRecord("a", kind="picture"), ResponseRecord("b")))),
    ]
    data = tokenize(rows, rules=PairRules(), template=template)
    assert data.rows == 5 == len(data.comparisons) + sum(data.left_out.values())
    assert set(data.left_out) == {
        "no pair in their judgments",
        "no judgment",
        "a demonstration instead of a comparison",
        "pictures, which this model cannot read",
    }


def test_truncated_texts_are_counted(template: Template) -> None:
    row = record("how " * 50, ["good", "bad"], ((0,), (1,)))
    assert tokenize([FileRow(row)], rules=PairRules(), template=template).truncated == 2


def test_pairs_of_a_batch_point_at_their_own_comparison(template: Template) -> None:
    rows = [FileRow(row) for row in planted_records(prompts=5, responses=3)]
    data = tokenize(rows, rules=PairRules(), template=template)
    rewards = torch.randn(data.texts, dtype=torch.float64)
    pair = pair_batch(data.comparisons)
    whole = bradley_terry_loss(rewards[pair.better], rewards[pair.worse], weight=pair.weight.double())
    by_hand = total = 0.0
    start = 0
    for comparison in data.comparisons:
        for one in comparison.pairs:
            lead = rewards[start + one.better] - rewards[start + one.worse]
            by_hand += one.weight * torch.log1p(torch.exp(-lead)).item()
            total += one.weight
        start += len(comparison.texts)
    assert whole.item() == pytest.approx(by_hand / total)


def test_steps_are_drawn_by_seed_and_epoch_and_visit_everything() -> None:
    lengths = [7 * index % 31 for index in range(100)]
    steps = epoch_steps(lengths, comparisons_per_step=8, seed=1, epoch=0)
    assert sorted(index for step in steps for index in step) == list(range(100))
    assert steps == epoch_steps(lengths, comparisons_per_step=8, seed=1, epoch=0)
    assert steps != epoch_steps(lengths, comparisons_per_step=8, seed=1, epoch=1)
    assert steps != epoch_steps(lengths, comparisons_per_step=8, seed=2, epoch=0)


def test_steps_hold_neighbours_in_length() -> None:
    lengths = [index % 64 for index in range(640)]
    spread = [
        max(lengths[index] for index in step) - min(lengths[index] for index in step)
        for step in epoch_steps(lengths, comparisons_per_step=8, seed=0, epoch=0)
    ]
    assert sum(spread) / len(spread) < 12  # 57 when drawn at random


def test_a_comparison_is_never_divided_between_forward_passes(template: Template) -> None:
    rows = [FileRow(row) for row in planted_records(prompts=20, responses=4)]
    comparisons = tokenize(rows, rules=PairRules(), template=template).comparisons
    passes = PaddedRoute().passes(comparisons, tokens=200)
    assert sorted(comparison.comparison_hash for group in passes for comparison in group) == sorted(
        comparison.comparison_hash for comparison in comparisons
    )
    for group in passes:
        rows_in_pass = sum(len(comparison.texts) for comparison in group)
        assert len(group) == 1 or rows_in_pass * max(comparison.longest for comparison in group) <= 200


def test_score_batches_stay_within_their_tokens(template: Template) -> None:
    rows = [FileRow(row) for row in planted_records(prompts=20, responses=4)]
    texts = [text for comparison in tokenize(rows, rules=PairRules(), template=template).comparisons
             for text in comparison.texts]  # fmt: skip
    batches = text_batches([len(text.token_ids) for text in texts], tokens=100)
    assert sorted(index for batch in batches for index in batch) == list(range(len(texts)))
    assert all(len(batch) * max(len(texts[index].token_ids) for index in batch) <= 100 for batch in batches)


def verdict(annotator: str, *groups: tuple[int, ...], **more: Any) -> JudgmentRecord:
    return JudgmentRecord(annotator=annotator, ranking=groups, **more)


def comparison(contents: list[str], *judgments: JudgmentRecord, prompt: str = "how") -> FileRow:
    return FileRow(replace(record(prompt, contents), judgments=judgments))


def test_a_comparison_without_a_pair_serves_losses_that_need_none(template: Template) -> None:
    rows = [
        comparison(["good", "bad"], verdict("p", ratings={1: {"tone": 3.0}}, all_bad=True), prompt="one"),
        comparison(["good", "bad"], verdict("p", (0, 1)), prompt="two"),
        comparison(["good", "bad", "red"], verdict("p", (2,), ratings={0: {"tone": 1.0}}), prompt="three"),
    ]
    for targets, expected in [
        (("pairs",), [("three", 3)]),
        (("orders",), [("three", 3)]),
        (("ratings",), [("one", 1), ("three", 1)]),
        (("pairs", "ratings"), [("one", 1), ("three", 3)]),
    ]:
        data = tokenize(rows, rules=PairRules(), template=template, targets=targets)
        names = {row.record.prompt_hash: row.record.prompt[0]["content"] for row in rows}
        assert [(names[one.prompt_hash], len(one.texts)) for one in data.comparisons] == expected
        assert data.rows == 3 == len(data.comparisons) + sum(data.left_out.values())
        for one in data.comparisons:
            assert bool(one.orders) == ("orders" in targets)
            assert bool(one.pairs) <= ("pairs" in targets)
    wanted = tokenize(rows, rules=PairRules(), template=template, targets=("ratings", "orders"))
    assert wanted.left_out == {"no order or rating in their judgments": 1}
    (one, _) = tokenize(rows, rules=PairRules(), template=template, targets=("ratings",)).comparisons
    assert one.ratings == (Rating(0, "tone", 3.0, 1.0),)  # the only text is the one that was rated


def test_long_texts_are_cut_and_counted_or_their_comparison_is_left_out_and_counted(template: Template) -> None:
    rows = [
        comparison(["good", "bad " * 60], verdict("p", (0,), (1,)), prompt="one"),
        comparison(["good", "bad"], verdict("p", (0,), (1,)), prompt="two"),
    ]
    cut = tokenize(rows, rules=PairRules(), template=template)
    assert (len(cut.comparisons), cut.truncated, cut.left_out) == (2, 1, {})
    left = tokenize(rows, rules=PairRules(), template=template, drops_long=True)
    assert (len(left.comparisons), left.truncated) == (1, 0)
    assert left.left_out == {"longer than max_length_tokens": 1}
    assert left.comparisons[0] == cut.comparisons[1]


def test_a_prompt_weighs_one_whatever_of_it_is_left_out(template: Template) -> None:
    rows = [
        comparison(["good", "bad " * 60], verdict("p", (0,), (1,))),
        FileRow(replace(comparison(["a", "b"], verdict("p", (0,), (1,))).record,
                        responses=(ResponseRecord("a", kind="picture"), ResponseRecord("b")))),
        comparison(["good", "bad"], verdict("p", (0,), (1,))),
        comparison(["good", "red", "blue"], verdict("p", (0,), (1,), (2,))),
    ]  # fmt: skip
    data = tokenize(rows, rules=PairRules(), template=template, drops_long=True)
    assert sum(data.left_out.values()) == 2
    assert [sum(pair.weight for pair in one.pairs) for one in data.comparisons] == pytest.approx([0.5, 0.5])


def test_who_weighs_nothing_is_a_reason_of_its_own(template: Template) -> None:
    rows = [
        comparison(["good", "bad"], verdict("p", (0,), (1,)), prompt="one"),
        comparison(["good", "bad"], verdict("p", (0,), (1,)), verdict("q", (1,), (0,)), prompt="two"),
    ]
    data = tokenize(rows, rules=PairRules(), template=template, annotator_weights={"p": 0.0})
    assert data.left_out == {"only judgments that weigh nothing": 1}
    (one,) = data.comparisons
    assert [(pair.better, pair.weight) for pair in one.pairs] == [(1, 1.0)]


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_a_text_has_the_same_tokens_alone_and_among_others_of_its_prompt(
    kind: str, tiny_bert: Path, tiny_llama: Path
) -> None:
    """A prompt that is encoded once for several responses, one of which leaves it less room."""
    backbone = tiny_bert if kind == "encoder" else tiny_llama
    template = load_backbone(str(backbone), max_length_tokens=32).template
    long, short = "how do i boil an egg " * 8, "plain blue"
    items = [(prompt, text) for prompt in (long, short) for text in ("good", "bad " * 40, "red " * 12, "")]
    assert template.encode(items) == [template.encode([item])[0] for item in items]
    assert template.encode(items[::-1]) == template.encode(items)[::-1]


def test_many_chunks_come_in_the_order_of_the_rows(template: Template) -> None:
    rows = [FileRow(row) for row in planted_records(prompts=600, responses=2)]
    data = tokenize(iter(rows), rules=PairRules(), template=template)
    kept = [row.record.comparison_hash for row in rows if len(row.record.judgments[0].ranking) > 1]
    assert [one.comparison_hash for one in data.comparisons] == kept


def test_a_prompt_is_not_divided_by_a_chunk(template: Template) -> None:
    words = ["good", "bad", "red", "blue", "plain", "egg", "water", "now", "wow"]
    contents = [[f"{a} {b}", f"{b} {a} {c}"] for a in words for b in words for c in words[:6]]
    rows = [comparison(two, verdict("p", (0,), (1,))) for two in contents]
    assert len(rows) > COMPARISONS_AT_ONCE
    data = tokenize(rows, rules=PairRules(), template=template)
    assert sum(pair.weight for one in data.comparisons for pair in one.pairs) == pytest.approx(1)


def test_only_training_counts_votes_together(tmp_path: Path, template: Template) -> None:
    judgments = (verdict("p", (0,), (1,)), verdict("q", (0,), (1,)), verdict("r", (1,), (0,)))
    rows = [comparison(["good", "bad"], *judgments, prompt=f"number {number}").record for number in range(30)]
    rules = PairRules(votes="share")
    manifest = write_snapshot(rows, tmp_path / "a.parquet", rules=rules, validation=0.4, test=0.0)
    settings = TrainConfig(snapshot=str(tmp_path / "a.parquet"))
    options: dict[str, Any] = {"manifest": manifest, "rules": rules, "template": template, "targets": {"pairs"}}
    splits: tuple[Split, ...] = ("train", "validation")
    found = {split: read_split(RunDirectory(tmp_path), settings, split, **options) for split in splits}
    assert {len(one.pairs) for one in found["train"].comparisons} == {1}
    assert {pair.target for one in found["train"].comparisons for pair in one.pairs} == {2 / 3}
    assert {len(one.pairs) for one in found["validation"].comparisons} == {3}
