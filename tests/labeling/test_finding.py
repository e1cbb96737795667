"""What a project holds is found by its content hash, and another project's is not."""

import pytest

from labeling.finding import stored_ids
from labeling.models import Prompt
from tests.factories import make_project

pytestmark = pytest.mark.django_db


def make_prompts(project, *names):
    return [Prompt.objects.create(project=project, content_hash=name, messages=[]).pk for name in names]


def test_the_ids_of_those_that_are_there_come_back_by_hash():
    project, other = make_project(), make_project()
    one, two = make_prompts(project, "one", "two")
    make_prompts(other, "one", "three")
    assert stored_ids(Prompt, project, ["two", "three", "one", "two"]) == {"one": one, "two": two}


def test_nothing_is_asked_for_nothing(django_assert_num_queries):
    project = make_project()
    with django_assert_num_queries(0):
        assert stored_ids(Prompt, project, []) == {}


def test_a_thousand_hashes_are_one_query(django_assert_num_queries):
    project = make_project()
    (known,) = make_prompts(project, "7")
    with django_assert_num_queries(1):
        assert stored_ids(Prompt, project, (str(number) for number in range(1000))) == {"7": known}
