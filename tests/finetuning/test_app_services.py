"""Queue, prepare and finish: what is refused, what the child is told, and what becomes of what it made."""

import json

import pytest
from django.utils import timezone

from finetuning.errors import InvalidPolicyRun, NameTaken, UnknownCorpus, UnknownPolicy
from finetuning.models import Policy
from finetuning.queries import UNSEEN_DEMO_PROMPTS, get_policy
from finetuning.services.base import finish_base, prepare_base, queue_base
from finetuning.services.finetune import finish_finetuning, prepare_finetuning, queue_finetuning
from labeling.services.demo import DEMO
from rewardmodel.errors import ChangedModel
from rewardmodel.services.promote import promote
from runs.directories import run_directory
from runs.models import Run
from tests.factories import make_person, make_project
from tests.finetuning.rows import leave_policy, make_policy
from tests.rewardmodel.rows import make_reward_model, make_snapshot

pytestmark = pytest.mark.django_db
REWARDS = {"digest": "d" * 64, "method": "rloo", "mean_reward": 1.5, "reward_gain": 1.0, "kl_nats": 2.0, "steps": 3}


def config_of(run):
    return json.loads((run_directory(run) / "config.json").read_text())


def test_a_base_policy_learns_from_the_demo_a_file_or_a_snapshot(plumbline_home, tmp_path):
    snapshot = make_snapshot(prompts=6)
    file = tmp_path / "chats.jsonl"
    file.write_text('{"prompt": "Hello?", "responses": ["Hi.", "No."]}\n')
    corpora = {
        "demo": [str(DEMO / "responses.jsonl"), str(DEMO / "demonstrations.jsonl")],
        str(file): [str(file)],
        str(snapshot.pk): [str(plumbline_home / snapshot.file)],
        snapshot.content_sha256[:12]: [str(plumbline_home / snapshot.file)],
    }
    for corpus, files in corpora.items():
        run = queue_base(corpus=corpus, config={"steps": 5})
        prepare_base(run, run_directory(run))
        told = config_of(run)
        assert (told["corpus"], told["steps"], told["torch_threads"]) == (files, 5, 1)
    assert list(Run.objects.order_by("created_at").values_list("config__name", flat=True)) == [
        "base-1", "base-2", "base-3", "base-4"
    ]  # fmt: skip


def test_a_language_model_that_is_there_is_adopted(plumbline_home, tmp_path):
    with pytest.raises(UnknownCorpus, match="is no directory with a language model"):
        queue_base(path=str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    run = queue_base(name="mine", path=str(tmp_path))
    prepare_base(run, run_directory(run))
    assert config_of(run)["path"] == str(tmp_path)
    assert "corpus" not in config_of(run)


@pytest.mark.parametrize(
    ("wanted", "error", "sentence"),
    [
        ({}, InvalidPolicyRun, "corpus to learn from or a directory"),
        ({"corpus": "demo", "path": "/x"}, InvalidPolicyRun, "not both"),
        ({"corpus": "nowhere.jsonl"}, UnknownCorpus, "is no corpus"),
        ({"corpus": "demo", "config": {"step": 1}}, InvalidPolicyRun, "no setting 'step'"),
        ({"corpus": "demo", "config": {"steps": -1}}, InvalidPolicyRun, "steps must be"),
        ({"corpus": "demo", "config": {"corpus": ["/etc/passwd"]}}, InvalidPolicyRun, "must not hold"),
        ({"corpus": "demo", "name": "../x"}, InvalidPolicyRun, "cannot be a policy's name"),
        ({"corpus": "demo", "name": "Big"}, InvalidPolicyRun, "cannot be a policy's name"),
    ],
)
def test_a_base_policy_that_cannot_be_is_refused_before_anything_is_queued(plumbline_home, wanted, error, sentence):
    with pytest.raises(error, match=sentence):
        queue_base(**wanted)
    assert not Run.objects.exists()


def test_a_name_is_given_once_while_its_run_waits_and_after(plumbline_home):
    make_policy("first")
    queue_base(name="second", corpus="demo")
    for name in ("first", "second"):
        with pytest.raises(NameTaken, match="already"):
            queue_base(name=name, corpus="demo")
    Run.objects.update(state="failed", finished_at=timezone.now())
    assert queue_base(name="second", corpus="demo").config["name"] == "second"


def test_a_finished_base_becomes_a_row_with_its_files_in_their_place(plumbline_home):
    run = queue_base(name="base", corpus="demo", created_by=make_person("engineer"))
    result = {"digest": "d" * 64, "loss": 0.25, "steps": 800, "policy_directory": "/somewhere", "method": "base"}
    answer = finish_base(run, leave_policy(run), result)
    policy = Policy.objects.get()
    assert (policy.name, policy.method, policy.parent, policy.run, policy.created_by) == (
        "base", "base", None, run, run.created_by
    )  # fmt: skip
    assert policy.metrics == {"loss": 0.25, "steps": 800}
    assert answer["policy"] == "base"
    assert (plumbline_home / policy.directory / "config.json").exists()
    policy.delete()  # the transaction was rolled back after the files had moved
    assert finish_base(run, run_directory(run), result)["policy"] == "base"


def test_files_that_are_not_what_the_child_reported_make_no_policy(plumbline_home):
    run = queue_base(name="base", corpus="demo")
    with pytest.raises(ChangedModel):
        finish_base(run, leave_policy(run, digest="e" * 64), {"digest": "d" * 64})
    assert not Policy.objects.exists()


def test_the_champion_steers_where_no_reward_model_is_named(plumbline_home, tiny_bert):
    base = make_policy("base")
    with pytest.raises(InvalidPolicyRun, match="none is promoted"):
        queue_finetuning(policy=base, method="rloo")
    snapshot = make_snapshot(prompts=6)
    model = make_reward_model(tiny_bert, snapshot=snapshot)
    promote(reward_model=model)
    run = queue_finetuning(policy=base, method="rloo", config={"steps": 4})
    assert (run.config["reward_model"], run.config["name"]) == (model.name, "base-rloo-1")
    assert run.scope == snapshot.project.slug
    assert [link["kind"] for link in run.lineage] == ["policy", "reward model", "snapshot"]
    prepare_finetuning(run, run_directory(run))
    told = config_of(run)
    assert told["reward_model"] == str(plumbline_home / model.directory)
    assert told["snapshot"] == str(plumbline_home / snapshot.file)
    assert told["policy"] == told["reference"] == str(plumbline_home / base.directory)
    assert (told["steps"], told["evaluation_prompts"]) == (4, "")


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"method": "ppo"}, "is no method"),
        ({"method": "sft"}, "needs a snapshot"),
        ({"method": "dpo"}, "needs a snapshot"),
        ({"method": "sft", "snapshot": True, "config": {"step": 1}}, "no setting 'step'"),
        ({"method": "sft", "snapshot": True, "config": {"method": "dpo"}}, "must not hold"),
        ({"method": "sft", "snapshot": True, "config": {"steps": 0}}, "steps must be"),
    ],
)
def test_a_fine_tuning_that_cannot_be_is_refused_before_anything_is_queued(plumbline_home, wanted, sentence):
    if wanted.get("snapshot"):
        wanted = {**wanted, "snapshot": make_snapshot(prompts=6)}
    with pytest.raises(InvalidPolicyRun, match=sentence):
        queue_finetuning(policy=make_policy(), **wanted)
    assert not Run.objects.exists()


def test_a_policy_from_the_demo_corpus_is_measured_on_prompts_that_it_has_not_seen(plumbline_home):
    base = make_policy(config={"corpus": "demo"})
    sft = make_policy(parent=base)
    snapshot = make_snapshot(make_project(slug="demo"), prompts=6)
    for policy, project_snapshot, expected in (
        (sft, snapshot, str(UNSEEN_DEMO_PROMPTS)),
        (sft, make_snapshot(prompts=8), ""),
        (make_policy(), snapshot, ""),
    ):
        run = queue_finetuning(policy=policy, method="sft", snapshot=project_snapshot)
        prepare_finetuning(run, run_directory(run))
        assert config_of(run)["evaluation_prompts"] == expected


def test_a_finished_fine_tuning_keeps_lineage_figures_and_some_answers(plumbline_home):
    base, model = make_policy("base"), make_reward_model(snapshot=make_snapshot(prompts=6))
    run = queue_finetuning(policy=base, method="rloo", reward_model=model, name="tuned")
    directory = leave_policy(run)
    rows = [{"prompt": [], "response": f"new {n}", "reference_response": "old"} for n in range(50)]
    (directory / "samples.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    answer = finish_finetuning(run, directory, REWARDS)
    tuned = Policy.objects.get(name="tuned")
    assert (tuned.parent, tuned.reference, tuned.reward_model, tuned.snapshot) == (base, base, model, model.snapshot)
    assert tuned.metrics["reward_gain"] == answer["reward_gain"] == 1.0
    kept = [row["response"] for row in tuned.metrics["samples"]]
    assert 2 <= len(kept) <= 12
    assert kept[0] == "new 0"
    assert (answer["policy"], answer["method"], "samples" in answer) == ("tuned", "rloo", False)


def test_an_unknown_policy_is_answered_with_those_there_are(plumbline_home):
    make_policy("base")
    with pytest.raises(UnknownPolicy, match="There are: base"):
        get_policy("bas")
