"""A config of the fine-tuning side says which setting is wrong, before anything is loaded."""

import math

import pytest

from finetuning.core.answer_config import EvaluateConfig, GenerateConfig
from finetuning.core.base_config import BaseConfig
from finetuning.core.evaluate_policy import evaluate
from finetuning.core.finetune import finetune
from finetuning.core.finetune_config import FinetuneConfig
from finetuning.core.generate import generate
from finetuning.core.make_base import make_base
from rewardmodel.core.errors import InvalidConfig
from tests.finetuning.conftest import run_in

SFT = {"method": "sft", "policy": "p", "snapshot": "s"}
RLOO = {"method": "rloo", "policy": "p", "snapshot": "s", "reward_model": "r"}
BASE = {"corpus": ["c"]}
GENERATE = {"policies": {"p": "p"}}
EVALUATE = {"policy": "p", "reference": "p", "reward_model": "r", "prompts": "f"}

WRONG = [
    (FinetuneConfig, {**SFT, "method": "ppo"}, "method must be one of sft, rloo, grpo, dpo, not 'ppo'"),
    (FinetuneConfig, {"policy": "p", "snapshot": "s"}, "method is missing"),
    (FinetuneConfig, {**SFT, "epoch": 3}, "no setting 'epoch'"),
    (FinetuneConfig, {"method": "sft", "policy": "p"}, "snapshot must be the path"),
    (FinetuneConfig, {**RLOO, "reward_model": ""}, "reward_model must be the directory"),
    (FinetuneConfig, {**RLOO, "answers_per_prompt": 5}, "examples_per_step must be a multiple of answers_per_prompt"),
    (FinetuneConfig, {**RLOO, "answers_per_prompt": 1}, "answers_per_prompt must be at least 2"),
    (FinetuneConfig, {**RLOO, "kl_coefficient": 0}, "kl_coefficient must be above 0"),
    (FinetuneConfig, {**RLOO, "kl_coefficient": math.nan}, "kl_coefficient must be a finite number"),
    (FinetuneConfig, {**RLOO, "reward_clip": [2, 1]}, "reward_clip must be a lower and a higher number"),
    (FinetuneConfig, {**RLOO, "reward_clip": ["a", "b"]}, "reward_clip must be a lower and a higher number"),
    (FinetuneConfig, {**RLOO, "reward_clip": [-math.inf, 1]}, "reward_clip must hold finite numbers"),
    (FinetuneConfig, {**RLOO, "temperature": math.inf}, "temperature must be a finite number"),
    (FinetuneConfig, {**SFT, "learning_rate": math.inf}, "learning_rate must be a finite number"),
    (FinetuneConfig, {**SFT, "learning_rate": 10**400}, "learning_rate must be a finite number"),
    (FinetuneConfig, {**SFT, "learning_rate": -1}, "learning_rate must be above 0, or null"),
    (FinetuneConfig, {**SFT, "learning_rate": "fast"}, "learning_rate must be float or null"),
    (FinetuneConfig, {**SFT, "steps": 0}, "steps must be above 0, or null"),
    (FinetuneConfig, {**SFT, "steps": 10**30}, r"steps must not be beyond 2\^63"),
    (FinetuneConfig, {**SFT, "steps": 2.5}, "steps must be int or null"),
    (FinetuneConfig, {**SFT, "steps": True}, "steps must be int or null"),
    (FinetuneConfig, {**SFT, "seed": -1}, r"seed must be at least 0 and below 2\^32"),
    (FinetuneConfig, {**SFT, "seed": 2**32}, r"seed must be at least 0 and below 2\^32"),
    (FinetuneConfig, {**SFT, "torch_threads": 0}, "torch_threads must be at least 1"),
    (FinetuneConfig, {**SFT, "max_response_tokens": 0}, "max_response_tokens must be at least 1"),
    (FinetuneConfig, {**SFT, "evaluation_temperature": 11}, "evaluation_temperature must lie between 0 and 10"),
    (FinetuneConfig, {**SFT, "evaluation_top_p": 0}, "evaluation_top_p must be above 0 and at most 1"),
    (FinetuneConfig, {**SFT, "evaluation_answers": 0}, "evaluation_answers must be at least 1"),
    (FinetuneConfig, {**SFT, "name": "a\ud800"}, "name must be text that UTF-8 can hold"),
    (FinetuneConfig, {**SFT, "extra": []}, "extra must be dict"),
    (FinetuneConfig, {**SFT, "extra": {"adam_beta1": math.nan}}, "extra must hold finite numbers"),
    (BaseConfig, {}, "corpus or path must be given"),
    (BaseConfig, {"corpus": [1]}, "corpus must be a list of file names"),
    (BaseConfig, {**BASE, "learning_rate": math.nan}, "learning_rate must be a finite number"),
    (BaseConfig, {**BASE, "seed": 2**32}, r"seed must be at least 0 and below 2\^32"),
    (BaseConfig, {**BASE, "hidden_size": 9, "heads": 3}, "hidden_size must be an even multiple of heads"),
    (BaseConfig, {**BASE, "heads": 0}, "heads must be at least 1"),
    (BaseConfig, {**BASE, "prompt_dropout": 0.6}, "prompt_dropout must lie between 0 and 0.5"),
    (BaseConfig, {**BASE, "weight_decay": -1}, "weight_decay must not be negative"),
    (GenerateConfig, {"policies": {}}, "policies must name at least one policy"),
    (GenerateConfig, {"policies": {"p": 3}}, "policies must name a directory for each policy"),
    (GenerateConfig, {**GENERATE, "temperature": math.nan}, "temperature must be a finite number"),
    (GenerateConfig, {**GENERATE, "temperature": -0.1}, "temperature must lie between 0 and 10"),
    (GenerateConfig, {**GENERATE, "top_p": 1.1}, "top_p must be above 0 and at most 1"),
    (GenerateConfig, {**GENERATE, "samples_per_prompt": 0}, "samples_per_prompt must be at least 1"),
    (GenerateConfig, {**GENERATE, "seed": -1}, "seed must be at least 0"),
    (EvaluateConfig, {**EVALUATE, "answers_per_prompt": 0}, "answers_per_prompt must be at least 1"),
    (EvaluateConfig, {**EVALUATE, "top_p": 0}, "top_p must be above 0 and at most 1"),
    (EvaluateConfig, {**EVALUATE, "temperature": 11}, "temperature must lie between 0 and 10"),
    (EvaluateConfig, {**EVALUATE, "device": "tpu"}, "device must be one of auto, cpu, cuda"),
]
CHILDREN = {FinetuneConfig: finetune, BaseConfig: make_base, GenerateConfig: generate, EvaluateConfig: evaluate}


@pytest.mark.parametrize(("kind", "values", "sentence"), WRONG)
def test_a_wrong_setting_is_named(kind, values, sentence):
    with pytest.raises(InvalidConfig, match=sentence) as refused:
        kind.from_dict(values)
    assert refused.value.field in str(refused.value)


@pytest.mark.parametrize("kind", CHILDREN)
def test_a_child_says_it_before_it_loads_anything(kind, tmp_path):
    """None of the directories and files that the configs name exists."""
    values, sentence = next((values, sentence) for of, values, sentence in reversed(WRONG) if of is kind)
    with pytest.raises(InvalidConfig, match=sentence):
        run_in(tmp_path, values, CHILDREN[kind])


@pytest.mark.parametrize("kind", CHILDREN)
def test_a_config_survives_a_round_trip(kind):
    config = kind.from_dict({FinetuneConfig: RLOO, BaseConfig: BASE, GenerateConfig: GENERATE}.get(kind, EVALUATE))
    assert kind.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ({"foo": 1}, "extra.foo is no setting of the trainer"),
        ({"max_steps": 3}, "extra.max_steps follows from the run's own settings"),
        ({"temperature": 2.0}, "extra.temperature follows from the run's own settings"),
        ({"adam_beta1": "x"}, "extra.adam_beta1 must be float, not 'x'"),
        ({"warmup_steps": -3}, "extra is refused by the trainer: .*warmup_steps"),
    ],
)
def test_what_the_trainer_cannot_be_told_is_refused_before_anything_is_loaded(tmp_path, extra, sentence):
    with pytest.raises(InvalidConfig, match=sentence) as refused:
        run_in(tmp_path, {**RLOO, "device": "cpu", "extra": extra}, finetune)
    assert refused.value.field in str(refused.value)
