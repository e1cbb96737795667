"""The first start makes an owner and the demo, once; a second start changes nothing."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from labeling.models import Comparison, GoldAnswer, Person, Project, Response

pytestmark = pytest.mark.django_db


def first_start():
    out = StringIO()
    call_command("first_start", "--json", stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


def test_the_first_start_makes_an_owner_with_a_random_password_and_the_second_makes_nobody(capfd):
    first, second = first_start(), first_start()
    owner = Person.objects.get(installation_role="owner")
    assert owner.check_password(first["password"])
    assert len(first["password"]) >= 16
    assert (second["owner"], second["password"]) == (None, None)
    assert capfd.readouterr().err.count(first["password"]) == 1


def test_the_demo_is_there_after_the_first_start_and_as_it_was_after_the_second():
    first_start()
    counts = [model.objects.count() for model in (Project, Comparison, Response, GoldAnswer)]
    first_start()
    assert [model.objects.count() for model in (Project, Comparison, Response, GoldAnswer)] == counts
    demo = Project.objects.get(slug="demo")
    assert demo.comparisons.count() > 300
    assert all(comparison.responses.count() == 4 for comparison in demo.comparisons.all()[:20])
    assert Response.objects.filter(prompt__project=demo, is_demonstration=True).count() > 300


def test_no_demo_leaves_the_projects_out():
    call_command("first_start", "--no-demo", "--json", stdout=StringIO())
    assert Project.objects.count() == 0
