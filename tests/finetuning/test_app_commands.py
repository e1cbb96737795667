"""Once around by command: a base policy, SFT, RLOO, and new comparisons, through real children."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from finetuning.models import Generation, Policy
from labeling.invariants import find_violations
from labeling.models import Comparison, Project
from labeling.services.generated import Answered, queue_generated
from preferences.records import Message, ResponseRecord
from rewardmodel.services.promote import promote
from runs.models import Run
from tests.factories import make_project
from tests.finetuning.conftest import TINY_BASE
from tests.finetuning.rows import make_policy
from tests.rewardmodel.rows import make_reward_model, make_snapshot

TINY = {"steps": 2, "examples_per_step": 4, "max_prompt_tokens": 64, "max_response_tokens": 12, "device": "cpu"}


def command(name, /, *arguments, **options):
    out = StringIO()
    call_command(name, *arguments, json=True, stdout=out, **options)
    return json.loads(out.getvalue().strip().splitlines()[-1])


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_a_policy_is_made_tuned_and_its_answers_wait_for_people(plumbline_home, tiny_bert, tmp_path):
    snapshot = make_snapshot(prompts=60)
    promote(reward_model=make_reward_model(tiny_bert, snapshot=snapshot))
    config = {name: tmp_path / f"{name}.json" for name in ("base", "tuning", "sampling")}
    config["base"].write_text(json.dumps({**TINY_BASE, "steps": 20}))
    config["tuning"].write_text(json.dumps({**TINY, "demonstrations": "best"}))
    config["sampling"].write_text(json.dumps({"max_response_tokens": 8, "temperature": 1.5}))

    base = command("create_policy", "base", corpus=str(snapshot.pk), config=str(config["base"]), wait=True)
    assert (base["policy"], base["steps"]) == ("base", 20)
    sft = command("finetune_policy", "base", method="sft", snapshot=str(snapshot.pk), config=str(config["tuning"]),
                  wait=True)  # fmt: skip
    assert sft["policy"] == "base-sft-1"
    rloo = command(
        "finetune_policy", "base-sft-1", method="rloo", name="tuned", config=str(config["tuning"]), wait=True
    )
    assert rloo["kl_nats"] >= 0
    assert rloo["reward_gain_low"] <= rloo["reward_gain"] <= rloo["reward_gain_high"]
    tuned = Policy.objects.get(name="tuned")
    assert [tuned.parent.name, tuned.parent.parent.name] == ["base-sft-1", "base"]
    assert tuned.metrics["samples"]
    assert tuned.run.metrics.filter(values__reward__isnull=False).exists()

    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text("\n".join(json.dumps({"prompt": f"how do i boil egg {n}"}) for n in range(4)))
    answer = command("generate_responses", snapshot.project.slug, policy="tuned", against="base", prompts=str(prompts),
                     config=str(config["sampling"]), wait=True)  # fmt: skip
    assert answer["prompts"] == 4
    waiting = Comparison.objects.filter(project=snapshot.project, open_slots__gt=0)
    assert waiting.count() == answer["comparisons"] == Generation.objects.get().comparisons > 0
    assert {response.policy_name for response in waiting[0].responses.all()} == {"tuned", "base"}
    assert list(find_violations()) == []


@pytest.mark.django_db
def test_without_waiting_the_commands_answer_with_a_queued_run(plumbline_home):
    project: Project = make_project()
    responses = [ResponseRecord("A.", policy="x"), ResponseRecord("B.", policy="y")]
    queue_generated(project=project, answered=[Answered((Message(role="user", content="How?"),), responses)])
    make_policy("old")
    snapshot = make_snapshot(prompts=6)
    answers = [
        command("create_policy", "new", corpus="demo"),
        command("finetune_policy", "old", method="sft", snapshot=str(snapshot.pk)),
        command("generate_responses", project.slug, policy="old"),
    ]
    assert [(answer["state"], answer["policy"]) for answer in answers] == [
        ("queued", "new"), ("queued", "old-sft-1"), ("queued", "old")
    ]  # fmt: skip
    assert {answer["run"] for answer in answers} == {str(pk) for pk in Run.objects.values_list("pk", flat=True)}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "arguments", "options", "sentence"),
    [
        ("create_policy", ["x"], {}, "corpus to learn from"),
        ("create_policy", ["x"], {"corpus": "nowhere"}, "is no corpus"),
        ("create_policy", ["x"], {"corpus": "demo", "config": "/nowhere.json"}, "no readable JSON"),
        ("finetune_policy", ["nobody"], {"method": "sft"}, "There is no policy “nobody”"),
        ("finetune_policy", ["old"], {"method": "rloo"}, "none is promoted"),
        ("generate_responses", ["nowhere"], {"policy": "old"}, "There is no project"),
    ],
)
def test_what_cannot_be_ends_with_a_sentence(plumbline_home, name, arguments, options, sentence):
    make_policy("old")
    with pytest.raises(CommandError, match=sentence):
        command(name, *arguments, **options)
