"""How texts lie in a row: what they share stands once, and every text can be read back from its chain of segments."""

import random

import pytest
import torch
from torch import Tensor

from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.routes.attention import by_loop, by_varlen
from rewardmodel.core.routes.segments import (
    LEAST_SHARED_TOKENS,
    Attending,
    Plan,
    Segment,
    as_row,
    one_by_one,
    sharing_beginnings,
)

CPU = torch.device("cpu")


def text(*token_ids: int) -> EncodedText:
    return EncodedText(token_ids, None, False)


def read_back(texts: list[EncodedText], plan: Plan) -> list[tuple[int, ...]]:
    """Each text, put together from the row by its chain."""
    row = as_row(texts, plan, CPU)
    parts = row.input_ids[0].split(row.attending.lengths)
    chains = [(*plan.segments[end].before, end) for end in plan.ends]
    return [tuple(torch.cat([parts[part] for part in chain]).tolist()) for chain in chains]


def random_tree(draw: random.Random) -> list[EncodedText]:
    """Texts that share beginnings of many lengths."""
    stems = [tuple(draw.choices(range(3), k=draw.randrange(1, 40))) for _ in range(3)]
    texts = [draw.choice(stems) + draw.choice(stems)[: draw.randrange(20)] for _ in range(draw.randrange(1, 12))]
    return [text(*ids, *draw.choices(range(3), k=draw.randrange(3))) for ids in texts]


@pytest.mark.parametrize("seed", range(30))
def test_every_text_is_read_back_whole_and_nothing_gets_longer(seed: int) -> None:
    texts = random_tree(random.Random(seed))
    for plan in (one_by_one(texts), sharing_beginnings(texts)):
        assert read_back(texts, plan) == [one.token_ids for one in texts]
        assert len(set(plan.ends)) == len(texts)
        assert all(segment.length > 0 for segment in plan.segments)
        assert plan.tokens <= sum(len(one.token_ids) for one in texts)


def test_a_prompt_and_what_some_responses_begin_with_stand_once() -> None:
    prompt, opening = tuple(range(100, 120)), tuple(range(200, 210))
    texts = [text(*prompt, 1, 2), text(*prompt, *opening, 3), text(*prompt, *opening, 4, 5)]
    plan = sharing_beginnings(texts)
    assert plan.tokens == 20 + 2 + 10 + 1 + 2
    assert sorted(len(plan.segments[end].before) for end in plan.ends) == [1, 2, 2]
    assert [plan.segments[end].start for end in plan.ends] == [20, 30, 30]


def test_prompts_that_were_cut_differently_share_with_those_cut_alike() -> None:
    long, short = tuple(range(100, 130)), tuple(range(110, 130))
    texts = [text(*long, 1), text(*short, 2), text(*long, 3), text(*short, 4)]
    assert sharing_beginnings(texts).tokens == 30 + 20 + 4


def test_the_last_token_of_a_text_is_its_own_even_among_equal_texts() -> None:
    ids = tuple(range(20))
    plan = sharing_beginnings([text(*ids), text(*ids), text(*ids, 99)])
    assert plan.tokens == 19 + 1 + 1 + 2
    assert len(set(plan.ends)) == 3


def test_a_short_common_beginning_is_not_worth_a_segment() -> None:
    stem = tuple(range(100, 100 + LEAST_SHARED_TOKENS - 1))
    texts = [text(*stem, 1, 2), text(*stem, 3, 4)]
    assert sharing_beginnings(texts) == one_by_one(texts) or len(sharing_beginnings(texts).segments) == 2


def test_positions_start_again_with_each_text_and_go_on_after_a_shared_beginning() -> None:
    stem = tuple(range(100, 110))
    texts = [text(*stem, 1, 2), text(*stem, 3)]
    row = as_row(texts, sharing_beginnings(texts), CPU, first_position=2)
    assert row.position_ids[0, row.attending.read].tolist() == [13, 12]
    assert row.input_ids[0, row.attending.read].tolist() == [2, 3]
    packed = as_row(texts, one_by_one(texts), CPU, reads_first=True)
    assert packed.position_ids[0].tolist() == [*range(12), *range(11)]
    assert packed.attending.read.tolist() == [0, 12]


def test_gathered_keys_are_those_of_the_chain() -> None:
    attending = Attending((Segment(0, 0, 3), Segment(0, 3, 5, (0,)), Segment(1, 3, 4, (0,))), torch.tensor([4, 5]))
    assert attending.gathered is not None
    assert attending.gathered.tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 0, 1, 2, 5]
    assert attending.starts_of_queries.tolist() == [0, 3, 5, 6]
    assert attending.starts_of_keys.tolist() == [0, 3, 8, 12]
    assert (attending.most_queries, attending.most_keys) == (3, 5)
    assert attending.mask(2, 5)[0, 0].tolist() == [[True] * 4 + [False], [True] * 5]


def varlen_by_definition(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    cu_seq_q: Tensor,
    cu_seq_k: Tensor,
    max_q: int,
    max_k: int,
    scale: float,
    window_size: tuple[int, int],
    enable_gqa: bool,
) -> Tensor:
    """What torch's varlen_attn says it computes, sequence by sequence, with causal masks aligned at the end."""
    assert cu_seq_q.dtype == cu_seq_k.dtype == torch.int32
    assert enable_gqa == (query.shape[1] != key.shape[1])
    outputs = []
    for index in range(len(cu_seq_q) - 1):
        q = query[cu_seq_q[index] : cu_seq_q[index + 1]]
        k, v = (part[cu_seq_k[index] : cu_seq_k[index + 1]] for part in (key, value))
        assert len(q) <= max_q
        assert len(k) <= max_k
        k, v = (part.repeat_interleave(query.shape[1] // key.shape[1], dim=1) for part in (k, v))
        scores = torch.einsum("qhd,khd->hqk", q, k) * scale
        if window_size == (-1, 0):
            ahead = torch.arange(len(k))[None] > torch.arange(len(q))[:, None] + len(k) - len(q)
            scores = scores.masked_fill(ahead, float("-inf"))
        outputs.append(torch.einsum("hqk,khd->qhd", scores.softmax(-1), v))
    return torch.cat(outputs)


@pytest.mark.parametrize("is_causal", [True, False])
@pytest.mark.parametrize("key_heads", [4, 2])
def test_the_flash_kernels_arguments_describe_the_attention_that_the_loop_computes(
    is_causal: bool, key_heads: int
) -> None:
    texts = random_tree(random.Random(3))
    plan = sharing_beginnings(texts) if is_causal else one_by_one(texts)
    attending = as_row(texts, plan, CPU).attending
    assert (attending.gathered is not None) == is_causal
    torch.manual_seed(0)
    query = torch.randn(1, 4, plan.tokens, 8, requires_grad=True)
    key, value = (torch.randn(1, key_heads, plan.tokens, 8, requires_grad=True) for _ in range(2))
    module = torch.nn.Module()
    module.num_key_value_groups = 4 // key_heads  # type: ignore[assignment]
    results = [
        by_loop(module, query, key, value, attending, is_causal=is_causal, scaling=0.3),
        by_varlen(query, key, value, attending, is_causal=is_causal, scaling=0.3, kernel=varlen_by_definition),
    ]
    assert results[0].shape == results[1].shape == (1, plan.tokens, 4, 8)
    assert (results[0] - results[1]).abs().max() < 1e-5
    pull = torch.randn_like(results[0])
    gradients = [torch.autograd.grad(result, (query, key, value), pull) for result in results]
    assert all((one - other).abs().max() < 1e-4 for one, other in zip(*gradients, strict=True))
