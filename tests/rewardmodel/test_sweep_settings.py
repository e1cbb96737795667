"""From what a sweep is told to the combinations it tries: grids, draws, and what is refused with the setting's name."""

import math
from collections import Counter
from random import Random
from typing import Any

import pytest

from rewardmodel.core.config import TrainConfig
from rewardmodel.core.config.sweep import (
    Range,
    annotations_of_training,
    combinations,
    read_assignment,
    read_value,
    read_values,
)
from rewardmodel.core.errors import InvalidConfig

TYPES = annotations_of_training()


def tried(vary: dict[str, Any], *, draws: int | None = None, seed: int = 0, most: int = 1000) -> list[dict[str, Any]]:
    values = {name: read_values(name, said, TYPES) for name, said in vary.items()}
    return combinations(values, TYPES, draws=draws, seed=seed, most=most)


def test_a_grid_holds_every_combination_once_and_its_last_setting_is_fastest() -> None:
    found = tried({"learning_rate": "1e-5,1e-4", "frozen_layers": "0,2,all"})
    assert found == [
        {"frozen_layers": frozen, "learning_rate": rate} for frozen in (0, 2, "all") for rate in (1e-5, 1e-4)
    ]
    assert tried({}) == [{}]


def test_a_request_means_the_same_in_any_order() -> None:
    one = tried({"learning_rate": "log:1e-6:1e-3", "epochs": "1,2,3"}, draws=8, seed=3)
    other = tried({"epochs": "1,2,3", "learning_rate": "log:1e-6:1e-3"}, draws=8, seed=3)
    assert one == other
    assert one != tried({"epochs": "1,2,3", "learning_rate": "log:1e-6:1e-3"}, draws=8, seed=4)


def test_what_is_drawn_of_a_grid_is_part_of_it_without_repeats() -> None:
    vary = {"epochs": "1,2,3,4,5", "heads": "1,2,3,4,5"}
    grid, drawn = tried(vary), tried(vary, draws=7)
    assert len(drawn) == 7
    assert [one for one in grid if one in drawn] == drawn
    assert tried(vary, draws=25) == tried(vary, draws=200) == grid


def test_a_log_range_gives_each_order_of_magnitude_its_part() -> None:
    found = [one["learning_rate"] for one in tried({"learning_rate": "log:1e-6:1e-2"}, draws=800)]
    assert all(1e-6 <= rate <= 1e-2 for rate in found)
    parts = Counter(math.floor(math.log10(rate)) for rate in found)
    assert all(150 < parts[power] < 250 for power in (-6, -5, -4, -3)), parts


def test_a_uniform_range_is_centred_on_its_middle_and_written_in_three_digits() -> None:
    found = [one["dropout"] for one in tried({"dropout": "uniform:0.1:0.5"}, draws=300)]
    assert sum(found) / len(found) == pytest.approx(0.3, abs=0.03)
    assert all(value == float(f"{value:.3g}") for value in found)


def test_whole_numbers_are_drawn_whole_and_each_once() -> None:
    found = [one["epochs"] for one in tried({"epochs": "uniform:1:4"}, draws=50)]
    assert sorted(found) == [1, 2, 3, 4]
    assert all(type(value) is int for value in found)


def test_whole_numbers_of_a_uniform_range_are_drawn_alike_its_ends_too() -> None:
    draw = Random(7)
    found = Counter(Range(1, 5, "uniform").drawn(draw, whole=True) for _ in range(5000))
    assert sorted(found) == [1, 2, 3, 4, 5]
    assert all(900 < count < 1100 for count in found.values()), found


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("learning_rate", " 1e-5 ", 1e-5),
        ("frozen_layers", "2", 2),
        ("frozen_layers", "all", "all"),
        ("early_stopping", "null", None),
        ("lora_rank", "none", None),
        ("compile", "true", True),
        ("gradient_checkpointing", "auto", "auto"),
        ("loss", "davidson", "davidson"),
    ],
)
def test_a_word_is_read_by_the_type_of_its_setting(name: str, text: str, value: Any) -> None:
    found = read_value(name, text, TYPES)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "said", "sentence"),
    [
        ("learning_rate", "abc", "learning_rate: 'abc' is not a number."),
        ("learning_rate", ["abc"], "learning_rate: 'abc' is not a number."),
        ("learning_rate", "nan", "learning_rate: 'nan' is not a number."),
        ("epochs", "1" + "0" * 400, "epochs: numbers lie between"),
        ("epochs", [2**63], "epochs: numbers lie between"),
        ("learning_rate", [10**400], "learning_rate: numbers lie between"),
        ("learning_rate", "uniform:-1e308:1e308", "learning_rate: numbers lie between"),
        ("epochs", {"low": 1, "high": 10**400}, "epochs: numbers lie between"),
        ("epochs", "1.5", "epochs: '1.5' is not a whole number."),
        ("compile", "perhaps", "compile: 'perhaps' is not true or false."),
        ("learning_rate", "", "learning_rate: '' is not a number."),
        ("learning_rat", "1", "There is no setting 'learning_rat'."),
        ("learning_rate", "1e-4,0.0001", "learning_rate: 0.0001 is given twice."),
        ("learning_rate", [], "learning_rate: give at least one value."),
        ("learning_rate", 1e-4, "learning_rate: give a list of values, or a range"),
        ("epochs", [True], "epochs must be int or null, not True."),
        ("learning_rate", "log:0:1", "learning_rate: the lower end of a log range is above 0"),
        ("learning_rate", "log:1:0.1", "learning_rate: a range leads from a lower to a higher number"),
        ("learning_rate", {"low": 1}, "learning_rate: a range has low, high and scale."),
        ("learning_rate", {"low": 0.1, "high": 1, "scale": "wild"}, "learning_rate: the scale of a range is"),
        ("loss", "log:a:b", "loss: only numbers have a range."),
        ("pair_rules", "x", "pair_rules: 'x' is not possible here: send it as JSON."),
        ("early_stopping", {"low": 1, "high": None}, "early_stopping: the ends of a range are numbers."),
    ],
)
def test_what_cannot_be_is_refused_with_the_name_of_the_setting(name: str, said: Any, sentence: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        read_values(name, said, TYPES)
    assert str(refused.value).startswith(sentence)
    assert refused.value.field == name


def test_a_range_needs_draws_and_a_grid_has_a_limit() -> None:
    with pytest.raises(InvalidConfig, match="learning_rate: a range is drawn from") as refused:
        tried({"learning_rate": "log:1e-6:1e-3", "epochs": "1,2"})
    assert refused.value.field == "learning_rate"
    with pytest.raises(InvalidConfig, match="64 combinations, and at most 63 are run") as refused:
        tried(dict.fromkeys(("epochs", "heads", "torch_threads"), "1,2,3,4"), most=63)
    assert refused.value.field == "vary"
    with pytest.raises(InvalidConfig, match="draws must be from 1 to 10, not 11"):
        tried({"epochs": "1,2"}, draws=11, most=10)


def test_huge_grids_are_drawn_from_without_being_written_out() -> None:
    names = ("epochs", "heads", "members", "lora_rank", "torch_threads", "validations")
    values = ",".join(map(str, range(1, 1001)))
    found = tried(dict.fromkeys(names, values), draws=3)
    assert len(found) == 3
    assert all(set(one) == set(names) for one in found)
    larger = tried(dict.fromkeys((*names, "comparisons_per_step"), values), draws=3)
    assert len(larger) == 3
    assert larger == tried(dict.fromkeys((*names, "comparisons_per_step"), values), draws=3)


def test_a_range_is_read_from_json_as_from_text() -> None:
    told = {"low": 1e-6, "high": 1e-3, "scale": "log"}
    assert read_values("learning_rate", told, TYPES) == read_values("learning_rate", "log:1e-6:1e-3", TYPES)
    assert read_values("learning_rate", {"low": 1e-6, "high": 1e-3}, TYPES) == Range(1e-6, 1e-3, "log")


@pytest.mark.parametrize("line", ["learning_rate", "=1", "learning_rate=", ""])
def test_a_line_without_name_or_value_is_refused(line: str) -> None:
    with pytest.raises(InvalidConfig, match="write name=value"):
        read_assignment(line)
    assert read_assignment(" loss = davidson ") == ("loss", "davidson")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"epoch": 1}, "epoch"),
        ({"epochs": "many"}, "epochs"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"annotator_weights": {"a": -1}}, "annotator_weights"),
        ({"heads": 2, "members": 2}, "heads"),
    ],
)
def test_a_config_that_cannot_be_says_which_field_is_at_fault(values: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        TrainConfig.from_dict({"snapshot": "x", **values})
    assert refused.value.field == field
