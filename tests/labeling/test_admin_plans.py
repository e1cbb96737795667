"""The administration at 20,000 rows: which statements its pages need, and by what the engine finds the rows."""

import json

import pytest

from tests.engines import fresh_database, run_python

pytestmark = pytest.mark.slow
ROWS = 20_000
PAGE = 50


@pytest.fixture(scope="module", params=[pytest.param("postgresql", marks=pytest.mark.postgres), "sqlite"])
def told(request, tmp_path_factory):
    """What each page did, by its name."""
    with fresh_database(request.param, tmp_path_factory.mktemp("admin")) as environment:
        output = run_python(["-m", "tests.labeling.admin_plans", str(ROWS)], environment)
    return json.loads(output.splitlines()[-1])


def test_no_list_no_filter_and_no_next_page_reads_a_large_table_row_by_row(told):
    assert {page: one["scans"] for page, one in told.items() if one["scans"]} == {}


def test_a_page_takes_the_same_few_statements_whatever_it_lists(told):
    # session, owner, suggested projects, two ids named in filters, the rows, their count, and the letters of responses
    assert {page: one["statements"] for page, one in told.items() if one["statements"] > 9} == {}


def test_every_long_list_has_a_full_page_and_a_next_one(told):
    long = {
        "judgments",
        "judgments of a project",
        "judgments of an annotator",
        "adjudications of a project",
        "people's judgments of a project",
        "judgments of two days",
        "comparisons",
        "comparisons of a project",
        "comparisons that want judgments",
        "open assignments",
        "assignments of an annotator",
        "reviews",
        "returned in a project",
        "runs",
        "metrics of a run",
    }
    assert {page: told[page]["seen"] for page in long} == dict.fromkeys(long, PAGE)
    assert {page for page in long if f"next: {page}" not in told} == set()


def test_what_is_searched_by_its_id_is_found_alone(told):
    for page in ("judgment by its id", "judgment by its client id", "review of a judgment", "run by its id"):
        assert told[page]["seen"] == 1
    assert told["exams of a project"]["seen"] == 0
