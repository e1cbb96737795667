"""What a project holds is found by its content hash, and another project's is not."""

import pytest

from labeling.finding import stored_comparisons, stored_prompts
from labeling.models import Prompt
from tests.factories import make_comparison, make_project

pytestmark = pytest.mark.django_db


def make_prompts(project, *names):
    return [Prompt.objects.create(project=project, content_hash=name, messages=[]).pk for name in names]


def test_the_ids_of_those_that_are_there_come_back_by_hash():
    project, other = make_project(), make_project()
    one, two = make_prompts(project, "one", "two")
    make_prompts(other, "one", "three")
    assert stored_prompts(project, ["two", "three", "one", "two"]) == {"one": one, "two": two}


def test_nothing_is_asked_for_nothing(django_assert_num_queries):
    project = make_project()
    with django_assert_num_queries(0):
        assert stored_prompts(project, []) == {}


def test_a_thousand_hashes_are_one_query(django_assert_num_queries):
    project = make_project()
    (known,) = make_prompts(project, "7")
    with django_assert_num_queries(1):
        assert stored_prompts(project, (str(number) for number in range(1000))) == {"7": known}


def test_a_comparison_is_found_by_its_prompt_and_itself():
    one, other = make_comparison(make_project()), make_comparison(make_project())
    wanted = {one.content_hash: one.prompt.content_hash, other.content_hash: other.prompt.content_hash}
    assert stored_comparisons(one.project, wanted) == {one.content_hash: one.pk}
    assert stored_comparisons(one.project, {one.content_hash: other.prompt.content_hash}) == {}
