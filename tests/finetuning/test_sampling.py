"""Drawing answers: reproducible, and independent of what else is in the batch."""

import pytest
import torch

from finetuning.core.answer_config import Sampling
from finetuning.core.policy import load_policy
from finetuning.core.sampling import choose_tokens, draw_samples
from finetuning.core.texts import read_records, unique_prompts
from rewardmodel.core.errors import InvalidConfig


@pytest.fixture(scope="module")
def policy(tiny_policy):
    return load_policy(tiny_policy)


@pytest.fixture(scope="module")
def prompts(planted_file):
    return unique_prompts(read_records(planted_file))[:12]


def test_the_same_seed_draws_the_same_answers_and_another_seed_others(policy, prompts):
    first = draw_samples(policy, prompts, Sampling(max_response_tokens=12, seed=3))

    assert draw_samples(policy, prompts, Sampling(max_response_tokens=12, seed=3)) == first
    assert draw_samples(policy, prompts, Sampling(max_response_tokens=12, seed=4)) != first


def test_an_answer_does_not_depend_on_the_batch_it_is_drawn_in(policy, prompts):
    sampling = Sampling(max_response_tokens=12, samples_per_prompt=2)
    together = draw_samples(policy, prompts, sampling)

    assert draw_samples(policy, prompts, sampling, batch_rows=3) == together
    assert [draw_samples(policy, [prompt], sampling)[0] for prompt in prompts] == together


def test_samples_of_one_prompt_differ(policy, prompts):
    drawn = draw_samples(policy, prompts[:1], Sampling(max_response_tokens=12, samples_per_prompt=8))[0]

    assert len({sample.text for sample in drawn}) > 1


def test_drawing_agrees_with_an_independent_implementation_where_nothing_is_random(policy, prompts):
    drawn = draw_samples(policy, prompts[:4], Sampling(temperature=0, max_response_tokens=10))
    for prompt, (sample,) in zip(prompts, drawn, strict=False):
        encoded = policy.tokenizer.apply_chat_template(
            list(prompt), add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        output = policy.model.generate(**encoded, do_sample=False, max_new_tokens=10)
        assert output[0, encoded["input_ids"].shape[1] :].tolist() == list(sample.token_ids)


def test_a_prompt_longer_than_the_window_gets_no_answer(policy):
    endless = ({"role": "user", "content": "good " * 500},)

    assert draw_samples(policy, [endless], Sampling(max_response_tokens=12)) == [[]]


def test_tokens_come_as_often_as_their_probability_says():
    # Probabilities 0.5, 0.3, 0.2: inversion takes the first below 0.5, the second below 0.8, the third above.
    logits = torch.tensor([[0.5, 0.3, 0.2]]).log().expand(4, 3)

    tokens = choose_tokens(logits, torch.tensor([0.0, 0.49, 0.51, 0.99]), Sampling(temperature=1.0))

    assert tokens.tolist() == [0, 0, 1, 2]


def test_top_p_keeps_the_likeliest_tokens_only():
    logits = torch.tensor([[0.5, 0.3, 0.2]]).log().expand(3, 3)

    tokens = choose_tokens(logits, torch.tensor([0.0, 0.6, 0.999]), Sampling(temperature=1.0, top_p=0.7))

    # 0.5 + 0.3 = 0.8 passes 0.7, so the third token is out: 0.5/0.8 = 0.625 is where the second begins.
    assert tokens.tolist() == [0, 0, 1]


@pytest.mark.parametrize("wrong", [{"temperature": -1}, {"top_p": 0}, {"max_response_tokens": 0}])
def test_a_setting_out_of_range_is_named(wrong):
    with pytest.raises(InvalidConfig, match=next(iter(wrong))):
        Sampling(**wrong)
