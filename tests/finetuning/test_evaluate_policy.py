"""A policy beside its reference: rewards, their paired interval, and KL in nats."""

import math
from collections.abc import Sequence

import pytest
import torch

from finetuning.core.answer_config import Sampling
from finetuning.core.evaluate_policy import compare_policies, kl_of_answer, paired_gain
from finetuning.core.policy import LoadedPolicy, load_policy
from finetuning.core.sampling import Sample
from finetuning.core.texts import read_records, unique_prompts
from rewardmodel.core.errors import InvalidData
from rewardmodel.core.scorer import Reward, ScoreItem


class GoodWords:
    """Rewards each "good" by one nat and takes one for each "bad"."""

    def score(self, items: Sequence[ScoreItem]) -> list[Reward]:
        values = [float(item.response.count("good") - item.response.count("bad")) for item in items]
        return [Reward(value, value) for value in values]


@pytest.fixture
def policy(tiny_policy):
    return load_policy(tiny_policy)


@pytest.fixture(scope="module")
def prompts(planted_file):
    return unique_prompts(read_records(planted_file))[:6]


def test_a_policy_beside_itself_gains_nothing_and_has_no_kl(policy, tiny_policy, prompts):
    figures = compare_policies(
        policy, load_policy(tiny_policy), GoodWords(), prompts, Sampling(max_response_tokens=8)
    ).figures()

    assert figures["kl_nats"] == 0
    assert (figures["reward_gain"], figures["reward_gain_low"], figures["reward_gain_high"]) == (0, 0, 0)
    assert figures["win_rate"] == 0.5
    assert figures["unseen_prompts"] == len(prompts)


def test_kl_of_one_token_is_the_one_computed_by_hand(policy, tiny_policy, prompts):
    reference = load_policy(tiny_policy)
    vocabulary = policy.model.config.vocab_size
    with torch.no_grad():  # all embeddings alike: every token is equally likely
        policy.model.get_input_embeddings().weight.fill_(0.0)
    sample = Sample("x", (7,), is_cut=True)

    found = kl_of_answer(policy, reference, prompts[0], sample)

    encoded = reference.tokenizer.apply_chat_template(
        list(prompts[0]), add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    theirs = reference.model(**encoded).logits[0, -1].log_softmax(-1).tolist()
    by_hand = sum((-math.log(vocabulary) - value) / vocabulary for value in theirs)
    assert found == pytest.approx(by_hand, rel=1e-4)
    assert found > 0


def test_the_interval_of_a_constant_gain_is_that_gain():
    gain = paired_gain([1.5, 2.5, 3.5], [1.0, 2.0, 3.0])

    assert (gain.value, gain.low, gain.high) == (0.5, 0.5, 0.5)


def test_an_unsure_gain_has_an_interval_that_holds_zero():
    gain = paired_gain([1.0, -1.0, 2.0, -2.0, 0.1], [0.0] * 5)

    assert gain.low < 0 < gain.high


def test_without_a_prompt_that_fits_there_is_nothing_to_compare(policy):
    endless = ({"role": "user", "content": "good " * 500},)

    with pytest.raises(InvalidData, match="no unseen prompt"):
        compare_policies(policy, policy, GoodWords(), [endless], Sampling(max_response_tokens=8))


def test_a_policy_names_its_files_by_their_digest(policy, tiny_policy):
    assert isinstance(policy, LoadedPolicy)
    assert load_policy(tiny_policy).digest == policy.digest
