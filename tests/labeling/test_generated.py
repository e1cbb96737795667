"""What policies wrote comes in front of people, once, blind, and beside what waits."""

import json

import pytest

from labeling.api.assignments import shown_assignment
from labeling.models import Comparison, Response
from labeling.queries import comparisons_above_target
from labeling.services.assignments import lease_next
from labeling.services.generated import Answered, queue_generated
from preferences.records import Message, ResponseRecord
from tests.factories import make_comparison, make_member, make_project

pytestmark = pytest.mark.django_db


def answered(question="How do I boil an egg?", *said, metadata=None):
    said = said or (("new", "Eight minutes."), ("old", "Eggs are round."))
    return Answered(
        prompt=(Message(role="user", content=question),),
        responses=[ResponseRecord(text, policy=policy, sampling={"temperature": 0.7}) for policy, text in said],
        metadata=metadata or {},
    )


def test_a_new_comparison_wants_as_many_judgments_as_the_project_asks_for():
    project = make_project(judgments_per_comparison=3)
    queued = queue_generated(project=project, answered=[answered(metadata={"language": "en"})])
    comparison = Comparison.objects.get()
    assert (queued.comparisons, comparison.target_judgments, comparison.open_slots) == (1, 3, 3)
    assert comparison.prompt.language == "en"
    said = {response.policy_name: response for response in comparison.responses.all()}
    assert {name: response.content for name, response in said.items()} == {
        "new": "Eight minutes.",
        "old": "Eggs are round.",
    }
    assert said["new"].sampling == {"temperature": 0.7}
    assert not said["new"].is_demonstration


def test_the_same_answers_again_change_nothing():
    project = make_project()
    both = [answered(), answered("And an onion?", ("new", "Slice it."), ("old", "Onions cry."))]
    assert queue_generated(project=project, answered=both).comparisons == 2
    again = queue_generated(project=project, answered=both)
    assert (again.comparisons, again.unchanged) == (0, 2)
    assert (Comparison.objects.count(), Response.objects.count()) == (2, 4)


def test_every_prompt_is_accounted_for():
    project = make_project("ranking")
    prompts = [
        answered(),
        answered("Same?", ("new", "Yes."), ("old", "Yes.")),
        answered("Silent?", ("new", "Yes.")),
        Answered(prompt=(Message(role="user", content="Nobody?"),), responses=[]),
        answered("Three?", ("new", "One."), ("new", "One."), ("old", "Two.")),
    ]
    queued = queue_generated(project=project, answered=prompts)
    assert (queued.comparisons, queued.identical, queued.unanswered, queued.unchanged) == (2, 1, 2, 0)
    assert sorted(comparison.responses.count() for comparison in Comparison.objects.all()) == [2, 2]


def test_an_annotator_sees_nothing_of_where_an_answer_is_from():
    project = make_project()
    queue_generated(project=project, answered=[answered("Q?", ("tuned-by-rloo", "A."), ("plain-base", "B."))])
    lease = lease_next(project=project, annotator=make_member(project))
    shown = json.dumps(shown_assignment(lease), default=str)
    assert "tuned-by-rloo" not in shown
    assert "plain-base" not in shown
    assert "temperature" not in shown


def test_new_comparisons_wait_behind_old_work_unless_they_are_to_come_first():
    project = make_project()
    old = make_comparison(project)
    queue_generated(project=project, answered=[answered()])
    assert lease_next(project=project, annotator=make_member(project)).comparison == old
    queue_generated(project=project, answered=[answered("First?")], before_old_work=True)
    first = lease_next(project=project, annotator=make_member(project)).comparison
    assert first.prompt.last_message == "First?"


def test_a_prompt_that_the_project_knows_is_not_doubled():
    project = make_project()
    queue_generated(project=project, answered=[answered()])
    queue_generated(project=project, answered=[answered("How do I boil an egg?", ("newer", "Nine."), ("old", "Ten."))])
    assert project.prompts.count() == 1
    assert project.comparisons.count() == 2
    assert not comparisons_above_target(project).exists()
