"""Which prompts are answered, and that a retried run queues nothing twice."""

import json

import pytest

from finetuning.errors import InvalidPolicyRun, NothingToAnswer
from finetuning.models import Generation
from finetuning.queries import UNSEEN_DEMO_PROMPTS, prompts_to_answer
from finetuning.services.generate import finish_generation, prepare_generation, queue_generation
from finetuning.services.playground import finish_trial, prepare_trial, queue_trial
from labeling.models import Comparison, Prompt, Response, Snapshot
from preferences.hashing import prompt_hash
from preferences.splits import split_of
from runs.directories import run_directory
from runs.models import Run
from tests.factories import make_project
from tests.finetuning.rows import leave_answers, make_policy

pytestmark = pytest.mark.django_db


def make_prompts(project, count):
    messages = [[{"role": "user", "content": f"Question {n}?"}] for n in range(count)]
    rows = [Prompt(project=project, content_hash=prompt_hash(turns), messages=turns) for turns in messages]
    return Prompt.objects.bulk_create(rows)


def prepared(run):
    prepare_generation(run, run_directory(run))
    lines = (run_directory(run) / "prompts.jsonl").read_text().splitlines()
    return [json.loads(line)["prompt"][-1]["content"] for line in lines]


@pytest.fixture
def project(plumbline_home):
    return make_project()


@pytest.fixture
def pair(plumbline_home):
    base = make_policy("old")
    return make_policy("new", parent=base), base


def test_answers_become_comparisons_and_a_second_finish_adds_nothing(project, pair):
    make_prompts(project, 4)
    run = queue_generation(project=project, policy=pair[0], against=pair[1])
    assert prepared(run) == [f"Question {n}?" for n in range(4)]
    directory = leave_answers(
        run, {"new": "Yes.", "old": "No."}, {"new": "Same.", "old": "Same."}, {"new": "Alone."}, {}
    )
    answers = [finish_generation(run, directory, {}) for _ in range(2)]
    for answer in answers:
        counts = {name: answer[name] for name in ("prompts", "responses", "comparisons", "identical")}
        assert counts == {"prompts": 4, "responses": 5, "comparisons": 1, "identical": 1}
    assert answers[0]["unanswered"] == 2
    assert (Comparison.objects.count(), Generation.objects.count()) == (1, 1)
    generation = Generation.objects.get()
    assert (generation.policy, generation.against, generation.sampling["samples_per_prompt"]) == (*pair, 1)


def test_the_child_is_told_where_both_policies_lie(project, pair, plumbline_home):
    make_prompts(project, 1)
    run = queue_generation(project=project, policy=pair[0], against=pair[1], sampling={"temperature": 0.2})
    prepare_generation(run, run_directory(run))
    told = json.loads((run_directory(run) / "config.json").read_text())
    assert told["policies"] == {policy.name: str(plumbline_home / policy.directory) for policy in pair}
    assert (told["temperature"], told["samples_per_prompt"], told["torch_threads"]) == (0.2, 1, 1)


def test_without_another_policy_each_prompt_gets_two_answers_of_one(project, pair):
    make_prompts(project, 1)
    for against in (None, pair[0]):
        run = queue_generation(project=project, policy=pair[0], against=against)
        assert (run.config["policies"], run.config["sampling"]["samples_per_prompt"]) == (["new"], 2)


def test_prompts_held_out_from_training_come_first_and_answered_ones_not_at_all(project, pair):
    prompts = make_prompts(project, 60)
    split = {"seed": 3, "validation": 0.1, "test": 0.2}
    grouped = {**split, "near_duplicates": 0.8}
    Snapshot.objects.create(project=project, content_sha256="a" * 64, manifest={"split": grouped})
    held_out = [prompt.pk for prompt in prompts if split_of(prompt.content_hash, **split) == "test"]
    assert 5 < len(held_out) < 20
    chosen = [prompt.pk for prompt in prompts_to_answer(project, pair, limit=25)]
    assert chosen[: len(held_out)] == held_out
    assert len(chosen) == len(set(chosen)) == 25
    for policy in pair:
        Response.objects.create(prompt_id=held_out[0], content_hash=policy.name, content="x", policy_name=policy.name)
    Response.objects.create(prompt_id=held_out[1], content_hash="new", content="x", policy_name="new")
    chosen = [prompt.pk for prompt in prompts_to_answer(project, pair, limit=60)]
    assert held_out[0] not in chosen
    assert held_out[1] in chosen  # only one of the two has answered it
    assert len(chosen) == 59


def test_a_demo_project_gets_prompts_that_the_policy_has_never_seen(plumbline_home):
    project = make_project("ranking", slug="demo")
    make_prompts(project, 2)
    base = make_policy(config={"corpus": "demo"})
    run = queue_generation(project=project, policy=base, limit=500)
    unseen = [json.loads(line)["prompt"] for line in UNSEEN_DEMO_PROMPTS.read_text().splitlines()]
    assert prepared(run) == unseen
    leave_answers(run, *({base.name: text} for text in unseen))
    rows = (run_directory(run) / "prompts.jsonl").read_text().splitlines()
    assert json.loads(rows[0])["metadata"]["language"] == "en"


def test_prompts_are_taken_from_a_file_each_once(project, pair, tmp_path):
    file = tmp_path / "prompts.jsonl"
    file.write_text('{"prompt": "A?"}\n{"prompt": [{"role": "user", "content": "A?"}]}\n{"prompt": "B?"}\n')
    assert prepared(queue_generation(project=project, policy=pair[0], prompts=file)) == ["A?", "B?"]
    assert prepared(queue_generation(project=project, policy=pair[0], prompts=file, limit=1)) == ["A?"]


@pytest.mark.parametrize(
    ("content", "error", "sentence"),
    [
        (None, InvalidPolicyRun, "There is no file"),
        ("", NothingToAnswer, "holds no prompt"),
        ('{"prompt": "A?"}\n{"question": "B?"}\n', InvalidPolicyRun, "line 2"),
    ],
)
def test_a_file_without_prompts_is_refused_with_its_line(pair, tmp_path, content, error, sentence):
    project, file = make_project(), tmp_path / "prompts.jsonl"
    if content is not None:
        file.write_text(content)
    with pytest.raises(error, match=sentence):
        queue_generation(project=project, policy=pair[0], prompts=file)
    assert not Run.objects.exists()


def test_a_project_without_anything_left_to_answer_says_so(project, pair):
    with pytest.raises(NothingToAnswer, match="Import more, or name a file"):
        queue_generation(project=project, policy=pair[0])


@pytest.mark.parametrize(
    ("sampling", "sentence"),
    [
        ({"temperature": -1}, "temperature must lie"),
        ({"temperature": "hot"}, "temperature must be"),
        ({"temprature": 1}, "no setting “temprature”"),
        ({"samples_per_prompt": 1}, "compares two"),
        ({"samples_per_prompt": 4}, "compares two"),
        ({"samples_per_prompt": 40}, "At most 9 answers"),
    ],
)
def test_sampling_that_cannot_be_is_refused(project, pair, sampling, sentence):
    make_prompts(project, 1)
    with pytest.raises(InvalidPolicyRun, match=sentence):
        queue_generation(project=project, policy=pair[0], sampling=sampling)


def test_a_ranking_takes_more_than_two_answers(plumbline_home, pair):
    project = make_project("ranking")
    make_prompts(project, 1)
    run = queue_generation(project=project, policy=pair[0], against=pair[1], sampling={"samples_per_prompt": 2})
    assert run.config["sampling"]["samples_per_prompt"] == 2


def test_a_trial_keeps_the_answers_in_the_order_of_the_policies_and_no_rows(plumbline_home, pair):
    run = queue_trial(policies=[pair[1], pair[0]], prompt=" How? ", sampling={"max_response_tokens": 8})
    prepare_trial(run, run_directory(run))
    result = finish_trial(run, leave_answers(run, {"old": "Round.", "new": "Eight minutes."}), {})
    assert [(answer["policy"], answer["content"]) for answer in result["answers"]] == [
        ("old", "Round."),
        ("new", "Eight minutes."),
    ]
    assert not Response.objects.exists()


@pytest.mark.parametrize(("count", "prompt"), [(0, "How?"), (1, "  "), (1, "x" * 20_001)])
def test_a_trial_needs_a_policy_and_a_prompt(plumbline_home, pair, count, prompt):
    with pytest.raises(InvalidPolicyRun):
        queue_trial(policies=pair[:count], prompt=prompt)
