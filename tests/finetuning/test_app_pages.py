"""The pages about policies and the playground: what they show, start and refuse."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from finetuning.models import Generation
from labeling.models import Prompt
from runs.models import Run, RunMetric
from tests.factories import make_person, make_project
from tests.finetuning.rows import FIGURES, make_policy
from tests.rewardmodel.rows import make_reward_model, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def engineer():
    client = Client()
    client.force_login(make_person("engineer"))
    return client


@pytest.fixture
def policy(plumbline_home):
    base = make_policy("base", config={"corpus": "demo"}, metrics={"loss": 0.25, "steps": 800, "parameters": 834528})
    model = make_reward_model(name="helpful-1", snapshot=make_snapshot(prompts=6))
    run = Run.objects.create(kind="finetune_policy", title="Fine-tune", state="succeeded", finished_at=timezone.now())
    for step in range(1, 4):
        values = {"split": "train", "step": step, "reward": 0.5 * step, "kl_nats": step / 10}
        RunMetric.objects.create(run=run, attempt=1, sequence=step, step=step, values=values)
    return make_policy(
        "tuned", parent=base, reference=base, method="rloo", reward_model=model, snapshot=model.snapshot, run=run,
        metrics=FIGURES, config={"steps": 40},
    )  # fmt: skip


def text_of(response):
    return response.content.decode()


def test_an_empty_list_says_what_to_do(engineer, plumbline_home):
    page = text_of(engineer.get("/policies/"))
    assert "No policy yet" in page
    assert "Start making it" in page
    assert "No policy to try yet" in text_of(engineer.get("/playground/"))


def test_the_list_shows_gain_with_interval_and_what_is_being_made(engineer, policy):
    Run.objects.create(kind="make_base", title="Make another", config={"name": "another"})
    page = text_of(engineer.get("/policies/"))
    for part in ("tuned", "1.63", "1.21 … 2.05", "3.40", 'href="/policies/base/"', "Make another", "demo corpus"):
        assert part in page, part


def test_a_policy_shows_reward_before_and_after_kl_length_lineage_and_answers(engineer, policy):
    page = text_of(engineer.get("/policies/tuned/"))
    for part in (
        "1.84", "before: 0.21", "+1.63", "+1.21 … +2.05", "better on 82 % of prompts", "3.40", "an answer, to base",
        "32", "tokens, before: 44", 'href="/reward-models/helpful-1/"', 'href="/policies/base/"',
        "How do I &lt;b&gt;boil&lt;/b&gt; an egg?", "Eight minutes, then cold water.", "Eggs are round.",
    ):  # fmt: skip
        assert part in page, part
    assert page.count("<polyline") == 2
    base = text_of(engineer.get("/policies/base/"))
    assert "834,528" in base
    assert "Fine-tuned from it" in base


def test_a_generation_is_listed_with_its_counts(engineer, policy):
    run = Run.objects.create(kind="generate_responses", title="Generate")
    project = make_project(name="Helpful answers")
    Generation.objects.create(
        policy=policy, against=policy.parent, project=project, run=run, prompts=83, comparisons=79, identical=4
    )
    page = text_of(engineer.get("/policies/tuned/"))
    assert "What it wrote for people" in page
    assert f'href="/runs/{run.pk}/"' in page


def test_a_base_policy_is_started_from_the_form(engineer, policy):
    answer = engineer.post("/policies/", {"corpus": "demo", "name": "mine", "steps": "20"})
    run = Run.objects.get(kind="make_base")
    assert (answer.status_code, answer["Location"]) == (302, f"/runs/{run.pk}/")
    assert (run.config["name"], run.config["settings"]) == ("mine", {"steps": 20})
    again = engineer.post("/policies/", {"corpus": "demo", "name": "mine"})
    assert again.status_code == 422
    assert "There is a policy “mine” already." in text_of(again)
    assert engineer.post("/policies/", {"corpus": "/etc/passwd"}).status_code == 422
    assert Run.objects.filter(kind="make_base").count() == 1


def test_a_fine_tuning_is_started_from_the_policys_page(engineer, policy):
    path = "/policies/base/finetune/"
    missing = engineer.post(path, {"method": "rloo"})
    assert missing.status_code == 422
    assert "none is promoted" in text_of(missing)
    answer = engineer.post(path, {"method": "rloo", "reward_model": "helpful-1", "steps": "5", "kl_coefficient": ""})
    run = Run.objects.get(kind="finetune_policy", state="queued")
    assert (answer.status_code, answer["Location"]) == (302, f"/runs/{run.pk}/")
    assert (run.config["reward_model"], run.config["settings"]) == ("helpful-1", {"steps": 5})


def test_a_generation_is_started_from_the_policys_page(engineer, policy):
    project = policy.snapshot.project
    form = {"project": project.slug, "against": "base", "limit": "5", "before_old_work": "on"}
    nothing = engineer.post("/policies/tuned/generate/", form)
    assert nothing.status_code == 422
    assert "have not answered" in text_of(nothing)
    Prompt.objects.create(project=project, content_hash="x", messages=[{"role": "user", "content": "How?"}])
    answer = engineer.post("/policies/tuned/generate/", form)
    run = Run.objects.get(kind="generate_responses")
    assert (answer.status_code, answer["Location"]) == (302, f"/runs/{run.pk}/")
    assert (run.config["limit"], run.config["before_old_work"]) == (5, True)


def trial_of(policy, **fields):
    config = {"policies": ["base", "tuned"], "prompt": "How do I boil an egg?", "sampling": {"temperature": 0.7}}
    return Run.objects.create(kind="try_policy", title="Try", config=config, **fields)


def test_a_prompt_leads_to_a_page_that_asks_until_the_answers_are_there(engineer, policy):
    answer = engineer.post("/playground/", {"policy": "tuned", "other": "base", "prompt": "How?", "temperature": "0"})
    run = Run.objects.get(kind="try_policy")
    assert (answer.status_code, answer["Location"]) == (302, f"/playground/{run.pk}/")
    assert run.config["sampling"]["temperature"] == 0
    page = text_of(engineer.get(answer["Location"]))
    assert f'hx-get="/playground/{run.pk}/answers/"' in page
    assert "How?</textarea>" in page
    assert 'value="tuned" selected' in page
    assert "hx-get" in text_of(engineer.get(f"/playground/{run.pk}/answers/"))
    assert engineer.post("/playground/", {"policy": "tuned", "prompt": " "}).status_code == 422
    assert 'value="base" selected' in text_of(engineer.get("/playground/?policy=tuned"))


def test_answers_are_shown_side_by_side_and_say_why_there_is_no_reward(engineer, policy, settings, free_port):
    said = [{"policy": "base", "content": "<script>round</script>", "is_cut": True}]
    run = trial_of(policy, state="succeeded", finished_at=timezone.now(), result={"answers": said})
    page = text_of(engineer.get(f"/playground/{run.pk}/answers/"))
    assert "&lt;script&gt;round" in page
    assert "Cut at the longest length." in page
    assert "It ended its answer before the first word." in page
    assert "no reward model is promoted yet" in page
    assert "hx-get" not in page
    policy.reward_model.aliases.create(alias="champion")
    settings.PLUMBLINE_SCORER_URL = f"http://127.0.0.1:{free_port}"
    assert "does not answer" in text_of(engineer.get(f"/playground/{run.pk}/answers/"))


def test_a_trial_that_failed_says_why(engineer, policy):
    run = trial_of(policy, state="failed", finished_at=timezone.now(), error="There is no policy file.")
    assert "There is no policy file." in text_of(engineer.get(f"/playground/{run.pk}/"))
    other = Run.objects.create(kind="import", title="Not a trial")
    assert engineer.get(f"/playground/{other.pk}/").status_code == 404


def test_pages_keep_to_the_content_security_policy(engineer, policy):
    run = trial_of(policy)
    for path in ("/policies/", "/policies/tuned/", "/policies/base/", "/playground/", f"/playground/{run.pk}/"):
        page = text_of(engineer.get(path))
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=", page), path
