"""What the database itself refuses."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from finetuning.models import Generation, Policy
from runs.models import Run
from tests.factories import make_project
from tests.finetuning.rows import make_policy

pytestmark = pytest.mark.django_db


def refused(constraint, make):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        make()
    return constraint in str(refusal.value)


def test_a_fine_tuned_policy_has_a_parent_and_a_base_has_none():
    base = make_policy("base")
    name = "policy_has_a_parent_unless_base"
    assert refused(name, lambda: make_policy("orphan", method="sft"))
    assert refused(name, lambda: make_policy("grown", method="base", parent=base))


def test_a_method_that_nobody_knows_is_refused():
    base = make_policy()
    assert refused("policy_method_known", lambda: make_policy(method="ppo", parent=base))


def test_a_policy_that_sought_reward_names_the_reward_model():
    base = make_policy()
    assert refused("policy_that_sought_reward_names_the_model", lambda: make_policy(method="rloo", parent=base))


def test_a_policy_is_named_by_its_files():
    assert refused("policy_has_a_digest", lambda: make_policy(digest=""))


def test_a_policy_is_not_its_own_parent():
    base = make_policy()
    child = make_policy(parent=base)
    assert refused("policy_is_not_its_own_parent", lambda: Policy.objects.filter(pk=child.pk).update(parent=child))


def test_a_policy_that_others_came_from_stays():
    base = make_policy()
    make_policy(parent=base)
    with pytest.raises(ProtectedError):
        base.delete()


def test_a_generation_stands_beside_another_policy_and_queues_each_prompt_once():
    policy, project = make_policy(), make_project()

    def generation(**fields):
        run = Run.objects.create(kind="generate_responses", title="A run")
        return Generation.objects.create(policy=policy, project=project, run=run, **fields)

    assert refused("generation_against_another", lambda: generation(against=policy))
    counts = {"prompts": 3, "comparisons": 2, "identical": 2}
    assert refused("generation_queues_each_prompt_once", lambda: generation(**counts))
    assert generation(prompts=4, comparisons=2, identical=2).pk
