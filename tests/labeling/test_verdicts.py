"""What each instrument takes and refuses; the page and the API go by the same check."""

import pytest

from labeling.asked import best_part, places_asked, shape_of, single_best
from labeling.errors import InvalidVerdict
from labeling.models import Instrument
from labeling.verdicts import MAX_WRITTEN_CHARACTERS, Verdict, check_verdict, plain_text

SCALE = {"name": "helpfulness", "label": "Helpfulness", "lowest": 0, "highest": 4}
TICK = {"name": "rude", "label": "Rude", "lowest": 0, "highest": 1}


def refusal(verdict, *, k=3, **instrument):
    """The field and the sentence with which a verdict on responses 1 to k is refused, or None."""
    try:
        check_verdict(verdict, responses=list(range(1, k + 1)), instrument=Instrument(**instrument))
    except InvalidVerdict as problem:
        return next(iter(problem.fields)), str(problem)
    return None


@pytest.mark.parametrize(
    ("kind", "places", "k", "shape"),
    [
        ("pair", None, 2, "pair"),
        ("pair", None, 3, "ranking"),
        ("ranking", None, 2, "pair"),
        ("ranking", 3, 5, "ranking"),
        ("ranking", 1, 5, "best"),
        ("ranking", 1, 2, "best"),
        ("rating", None, 2, "rating"),
        ("demonstration", None, 0, "demonstration"),
        ("demonstration", None, 2, "demonstration"),
    ],
)
def test_the_instrument_and_the_number_of_responses_decide_on_the_form(kind, places, k, shape):
    assert shape_of(Instrument(kind=kind, places_asked=places), k) == shape


@pytest.mark.parametrize(("places", "k", "asked"), [(None, 4, None), (2, 4, 2), (4, 4, None), (9, 4, None), (3, 4, 3)])
def test_places_are_asked_only_where_some_are_left_out(places, k, asked):
    assert places_asked(Instrument(kind="ranking", places_asked=places), k) == asked


def test_the_best_part_keeps_a_tie_that_reaches_into_it_whole():
    assert best_part([[1], [2, 3], [4]], 2) == ((1,), (2, 3))
    assert best_part([[1, 2, 3], [4]], 2) == ((1, 2, 3),)
    assert best_part([[1], [2]], None) == ((1,), (2,))
    assert [single_best(ranking) for ranking in ([[7], [8]], [[7, 8]], [])] == [7, None, None]


@pytest.mark.parametrize("ranking", [((1,), (2,)), ((3,), (1,)), ((1,), (2, 3)), ((1, 2),), ((1, 2, 3),)])
def test_a_partial_ranking_takes_the_best_places_and_a_tie_in_the_last_of_them(ranking):
    assert refusal(Verdict(ranking=ranking), k=4, kind="ranking", places_asked=2) is None


@pytest.mark.parametrize("ranking", [(), ((1,),), ((1,), (2,), (3,)), ((1, 2), (3,)), ((1,), (1,)), ((1,), (9,))])
def test_a_partial_ranking_takes_no_fewer_and_no_more(ranking):
    assert refusal(Verdict(ranking=ranking), k=4, kind="ranking", places_asked=2) == (
        "ranking",
        "Put the best 2 responses in order and leave the others out.",
    )


def test_the_best_of_several_is_one_response_or_a_tie_where_ties_are_allowed():
    best = {"k": 4, "kind": "ranking", "places_asked": 1}
    assert refusal(Verdict(ranking=((3,),)), **best) is None
    assert refusal(Verdict(ranking=((1, 2, 3, 4),)), **best) is None
    assert refusal(Verdict(ranking=((1, 2),)), **best, allows_ties=False) == (
        "ranking",
        "This project does not allow ties.",
    )
    assert refusal(Verdict(ranking=((1,), (2,))), **best)[1] == "Choose the best response and leave the others out."


def test_required_ratings_are_named_with_the_letters_of_their_responses():
    asked = {"k": 2, "kind": "pair", "requires_ratings": True, "attributes": [SCALE, TICK]}
    assert refusal(Verdict(ranking=((1,), (2,)), ratings={2: {"helpfulness": 0}}), **asked) == (
        "ratings",
        "Rate every response before you submit. Missing: Helpfulness (A).",
    )
    both = {1: {"helpfulness": 4}, 2: {"helpfulness": 0}}
    assert refusal(Verdict(ranking=((1,), (2,)), ratings=both), **asked) is None  # a box not ticked says no


def test_ratings_alone_are_all_required_and_nothing_is_ranked():
    asked = {"k": 2, "kind": "rating", "attributes": [SCALE]}
    ratings = {1: {"helpfulness": 4}, 2: {"helpfulness": 0}}
    assert refusal(Verdict(ratings=ratings), **asked) is None
    assert refusal(Verdict(), **asked)[0] == "ratings"
    for more in ({"ranking": ((1,), (2,))}, {"all_bad": True}):
        assert refusal(Verdict(ratings=ratings, **more), **asked)[0] == "ranking"


@pytest.mark.parametrize(
    ("least", "strength", "is_required"),
    [(None, 3, False), (0, None, True), (0, 0, True), (2, 1, False), (2, 2, True), (2, 3, True), (1, None, False)],
)
def test_a_reason_is_required_from_its_strength_on_and_from_0_on_always(least, strength, is_required):
    ranking = ((1, 2),) if strength is None else ((1,), (2,))
    for reason, is_enough in (("", not is_required), ("   ", not is_required), ("clearer", True)):
        verdict = Verdict(ranking=ranking, strength=strength, reason=reason)
        said = refusal(verdict, k=2, kind="pair", reason_from_strength=least)
        assert said == (None if is_enough else ("reason", "Write your reason before you submit."))


def test_a_demonstration_is_a_text_and_no_order():
    asked = {"k": 0, "kind": "demonstration"}
    assert refusal(Verdict(written="An answer."), **asked) is None
    assert refusal(Verdict(), **asked) == ("written", "Write the answer before you submit.")
    assert refusal(Verdict(written="An answer.", all_bad=True), **asked)[0] == "ranking"


def test_an_improvement_belongs_to_one_best_response_and_to_projects_that_ask_for_it():
    better = {"ranking": ((2,), (1,)), "written": "Better."}
    assert refusal(Verdict(**better), k=2, asks_improvement=True) is None
    assert refusal(Verdict(**better), k=2)[1] == "This project does not ask for a written answer."
    for unclear in ({"ranking": ((1, 2),)}, {"ranking": (), "all_bad": True}):
        assert refusal(Verdict(written="Better.", **unclear), k=2, asks_improvement=True)[0] == "written"


@pytest.mark.parametrize("text", ["x" * (MAX_WRITTEN_CHARACTERS + 1), "a lone \ud800 surrogate"])
def test_a_text_that_cannot_be_kept_is_refused(text):
    assert refusal(Verdict(written=text), k=0, kind="demonstration")[0] == "written"


def test_a_text_is_kept_with_one_kind_of_line_end_and_its_first_indent():
    assert plain_text("\r\n    code\r\n\r\nend \r\n\x00") == "    code\n\nend"
    assert plain_text(" \n \n") == ""


def test_what_was_written_is_part_of_what_was_judged():
    verdict = Verdict.from_payload({"ranking": [["1"]], "written": "One.\r\n"})
    assert verdict.written == "One."
    assert verdict.fingerprint() != Verdict(ranking=((1,),)).fingerprint()
    assert verdict.fingerprint() == Verdict(ranking=((1,),), written="One.", dwell_ms=5).fingerprint()


def test_a_verdict_without_a_text_has_the_fingerprint_it_always_had():
    verdict = Verdict(ranking=((1,), (2,)), strength=2, reason="because")
    assert verdict.fingerprint() == "5a4cd93ebd55f2993d16cd93074eb1d9264e6c1dc264c92ab8378a6c4fafb189"
