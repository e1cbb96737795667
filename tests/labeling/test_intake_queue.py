"""What an imported row says of its place in the queue: its own number of judgments, its topic, its random place."""

import statistics
from itertools import pairwise

import pytest

from labeling.models import Comparison
from labeling.models.comparisons import random_places
from tests.factories import make_project
from tests.labeling import test_imports

pytestmark = pytest.mark.django_db


def rows_with(*metadata):
    return [
        {"prompt": f"Question {number}?", "responses": ["One.", "Two."], "metadata": each}
        for number, each in enumerate(metadata)
    ]


def test_a_row_may_want_a_number_of_judgments_of_its_own(tmp_path):
    project = make_project(judgments_per_comparison=2)
    test_imports.import_rows(project, tmp_path, rows_with({"target": 5}, {}, {"target": "none"}, {"target": 1000}))
    targets = Comparison.objects.order_by("pk").values_list("target_judgments", "open_slots")
    assert list(targets) == [(5, 5), (2, 2), (2, 2), (2, 2)]


def test_a_row_may_name_its_topic(tmp_path):
    project = make_project()
    test_imports.import_rows(project, tmp_path, rows_with({"topic": "self-harm"}, {}, {"topic": 7}))
    assert list(Comparison.objects.order_by("pk").values_list("topic", flat=True)) == ["self-harm", "", ""]


def test_each_imported_comparison_has_a_random_place_of_its_own(tmp_path):
    project = make_project()
    test_imports.import_rows(project, tmp_path, rows_with(*[{} for _ in range(50)]))
    places = list(Comparison.objects.order_by("pk").values_list("shuffle", flat=True))
    assert len(set(places)) == 50
    assert all(0 <= place < 1 for place in places)
    assert places != sorted(places)


def test_places_drawn_together_lie_in_runs_all_over_the_order():
    places = random_places(1000)
    assert len(set(places)) == 1000
    ordered = sorted(places)
    jumps = [one for one, other in pairwise(ordered) if other - one > 1e-7]
    assert 50 < len(jumps) < 63
    assert all(min(jumps) < edge < max(jumps) for edge in (0.25, 0.5, 0.75))
    assert statistics.mean(abs(one - other) for one, other in pairwise(places)) > 0.2  # of uniform draws it is 1/3
