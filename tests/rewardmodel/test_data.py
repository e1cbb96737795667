"""Comparisons become texts and pairs, and every row is accounted for."""

from pathlib import Path

import pytest
import torch

from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, Message, ResponseRecord
from rewardmodel.core.batches import epoch_steps, text_batches
from rewardmodel.core.data import tokenize
from rewardmodel.core.evaluate_reward import FileRow
from rewardmodel.core.losses.bradley_terry import bradley_terry_loss
from rewardmodel.core.model import load_backbone
from rewardmodel.core.objective import pair_batch
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.template import Template
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
    batches = text_batches(texts, tokens=100)
    assert sorted(index for batch in batches for index in batch) == list(range(len(texts)))
    assert all(len(batch) * max(len(texts[index].token_ids) for index in batch) <= 100 for batch in batches)
