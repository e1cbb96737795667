"""The published protocols: each makes an instrument that stands, by the command as well as by the page."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from labeling.asked import required_ratings
from labeling.models import Instrument, Project
from labeling.presets import PRESETS
from labeling.services.instruments import check_instrument


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_each_preset_is_an_instrument_that_people_could_answer_and_says_where_it_is_from(preset):
    check_instrument(Instrument(**preset.instrument))
    assert preset.url.startswith("https://arxiv.org/abs/")
    assert preset.url.removeprefix("https://arxiv.org/abs/") in preset.source
    assert all(str(sentence) for sentence in preset.sets)


def test_what_each_preset_asks_is_what_its_paper_asked():
    instructgpt, hh, llama, helpsteer = (Instrument(**preset.instrument) for preset in PRESETS.values())
    assert (instructgpt.kind, instructgpt.allows_ties) == ("ranking", True)
    assert [attribute["name"] for attribute in required_ratings(instructgpt)] == ["overall"]
    assert (required_ratings(instructgpt)[0]["lowest"], required_ratings(instructgpt)[0]["highest"]) == (1, 7)
    for forced in (hh, llama):
        assert (forced.kind, forced.allows_ties, forced.strength_steps) == ("pair", False, 4)
    assert len(llama.flags) == 3
    assert [attribute["name"] for attribute in required_ratings(helpsteer)] == [
        "helpfulness", "correctness", "coherence", "complexity", "verbosity"
    ]  # fmt: skip
    assert {(a["lowest"], a["highest"]) for a in helpsteer.attributes} == {(0, 4)}
    assert (helpsteer.reason_from_strength, helpsteer.strength_steps, helpsteer.allows_ties) == (0, 3, True)
    assert PRESETS["helpsteer"].judgments_per_comparison == 3


def run(*arguments):
    out = StringIO()
    call_command("create_project", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


@pytest.mark.django_db
def test_the_command_begins_from_a_preset_and_changes_what_it_is_told():
    assert run("steered", "--preset", "helpsteer", "--no-ties") == {
        "project": "steered", "overlap": 3, "instrument": "pair"
    }  # fmt: skip
    instrument = Project.objects.get(slug="steered").instrument
    assert (instrument.allows_ties, instrument.requires_ratings, len(instrument.attributes)) == (False, True, 5)


@pytest.mark.django_db
def test_the_command_makes_each_kind():
    assert run("texts", "--kind", "demonstration")["instrument"] == "demonstration"
    run("top", "--instrument", "ranking", "--places", "3", "--reason-from", "0", "--overlap", "2")
    top = Project.objects.get(slug="top")
    assert (top.instrument.places_asked, top.instrument.reason_from_strength) == (3, 0)
    assert top.judgments_per_comparison == 2
    run("plain")
    assert Project.objects.get(slug="plain").instrument.kind == "pair"
