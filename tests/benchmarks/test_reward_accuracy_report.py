"""What the accuracy study tells of outcomes: floors once, ways beside TRL's, and curves when all amounts are there."""

from typing import Any
from xml.etree import ElementTree

from benchmarks.reward_accuracy_report import AMOUNTS, chart, rows_of
from benchmarks.reward_accuracy_ways import HARMLESS, SEEDS, SETS, UKP, WAYS, Done

BY_NAME = {way.name: way for way in WAYS}
DEFAULT, TRL = "fine-tuned, all layers", "TRL's RewardTrainer"


def report(accuracy: float, **more: Any) -> dict[str, Any]:
    floors = [{"name": "longer", "accuracy": {"value": 0.55}}, {"name": "words", "accuracy": {"value": 0.6}}]
    nobody = {"agreement": {"value": None}}
    return {"accuracy": accuracy, "log_loss": 0.6, "ece": 0.03, "floors": floors, "people": nobody, **more}


def done(way: str, dataset: str, seed: int, accuracy: float, **more: Any) -> Done:
    return Done(BY_NAME[way], dataset, seed, report(accuracy, **more))


def test_a_way_is_the_mean_over_seeds_beside_trls():
    found = [done(DEFAULT, HARMLESS, 0, 0.62), done(DEFAULT, HARMLESS, 1, 0.66), done(TRL, HARMLESS, 0, 0.6)]
    rows = {(row.name, row.subject): row for row in rows_of(found)}
    row = rows[f"{HARMLESS}; accuracy", DEFAULT]
    assert (round(row.value, 6), row.low, row.high, row.peer) == (0.64, 0.62, 0.66, TRL)
    assert row.ratio is not None
    assert round(row.ratio, 6) == round(0.64 / 0.6, 6)
    assert rows[f"{HARMLESS}; accuracy", "words"].value == 0.6
    assert rows[f"{HARMLESS}; accuracy", TRL].ratio is None


def test_a_way_is_held_against_trl_at_the_same_seeds_alone():
    trl = [done(TRL, HARMLESS, seed, accuracy) for seed, accuracy in enumerate((0.6, 0.62, 0.9))]
    ours = [done(DEFAULT, HARMLESS, seed, accuracy) for seed, accuracy in enumerate((0.61, 0.65))]
    rows = {(row.name, row.subject): row for row in rows_of([*trl, *ours])}
    ratio = rows[f"{HARMLESS}; accuracy", DEFAULT].ratio
    assert ratio is not None
    assert round(ratio, 6) == round(0.63 / 0.61, 6)
    above = rows[f"{HARMLESS}; accuracy above TRL's", DEFAULT]
    assert above.low is not None
    assert round(above.value, 6) == 0.02
    assert round(above.value - above.low, 4) == round(12.7062 * 0.01, 4)  # Student's t of one degree, error 0.01
    assert (f"{HARMLESS}; accuracy above TRL's", TRL) not in rows


def test_less_data_is_not_held_against_trls_whole():
    less = "fine-tuned, 10 % of the data"
    found = [done(less, HARMLESS, 0, 0.58), done(TRL, HARMLESS, 0, 0.6)]
    rows = {(row.name, row.subject): row for row in rows_of(found)}
    assert rows[f"{HARMLESS}; accuracy", less].ratio is None


def test_calibration_is_of_single_judgments_and_people_are_told_where_there_are_any():
    people = {"agreement": {"value": 0.75}, "beside_one_person": {"people_beaten": 13, "people": 52}}
    judged = report(0.74, ece=0.02, people=people)
    rows = {row.name: row.value for row in rows_of([done(DEFAULT, UKP, 0, 0.8, judged=judged)])}
    assert rows[f"{UKP}; calibration error"] == 0.02
    assert rows[f"{UKP}; two people agree"] == 0.75
    assert rows[f"{UKP}; annotators that it is better than"] == 0.25


def test_curves_are_drawn_when_every_amount_was_trained_with_every_seed():
    found = [done(way, name, seed, 0.6 + seed / 100) for way in AMOUNTS for name in SETS for seed in SEEDS]
    assert chart(found[1:]) is None
    picture = chart(found)
    assert picture is not None
    shapes = [element.tag.rpartition("}")[2] for element in ElementTree.fromstring(picture).iter()]  # noqa: S314 - ours
    assert shapes.count("polyline") == 2 * len(SETS)
