"""Where figures stand in a drawing."""

import pytest

from labeling.charts import EDGE, Measure, interval_chart, percent, round_numbers, time_chart


def place(text: str) -> float:
    return float(text.removesuffix("%"))


def test_the_middle_of_the_scale_is_the_middle_of_the_drawing() -> None:
    chart = interval_chart([Measure("agreement", 0.5, 0.25, 0.75)], least=0, most=1)
    assert place(chart.rows[0].x) == 50
    assert place(chart.rows[0].low_x) + place(chart.rows[0].high_x) == 100


def test_what_lies_beyond_the_scale_is_drawn_at_its_edge() -> None:
    chart = interval_chart([Measure("alpha", -0.4, -0.9, 0.1)], least=0, most=1)
    assert place(chart.rows[0].x) == place(chart.rows[0].low_x) == EDGE


def test_a_measure_without_a_value_has_no_place_and_keeps_its_reason() -> None:
    chart = interval_chart([Measure("alpha", None, note="Undefined, because there are no labels.")])
    assert (chart.rows[0].x, chart.rows[0].said) == ("", "")
    assert chart.rows[0].measure.note.startswith("Undefined")


def test_the_reference_is_always_on_a_scale_of_its_own_making() -> None:
    chart = interval_chart([Measure("bias", 0.7, 0.65, 0.75)], reference=0.5)
    assert EDGE <= place(chart.reference_x) < place(chart.rows[0].low_x)


def test_equal_figures_have_a_scale_around_them() -> None:
    chart = interval_chart([Measure("a", 0.3), Measure("b", 0.3)])
    assert EDGE < place(chart.rows[0].x) < 100 - EDGE


def test_figures_are_written_as_asked() -> None:
    row = interval_chart([Measure("first", 0.612, 0.58, 0.643)], say=percent).rows[0]
    assert (row.said, row.said_interval) == ("61.2 %", "(58.0 % – 64.3 %)")


def test_ticks_are_round_and_within_the_scale() -> None:
    chart = interval_chart([Measure("share", 0.4)], least=0, most=1)
    assert [tick.text for tick in chart.ticks] == ["0", "0.25", "0.5", "0.75", "1"]


def test_a_scale_needs_two_ends() -> None:
    with pytest.raises(ValueError, match="larger one"):
        round_numbers(1, 1)


def test_a_figure_over_time_runs_from_left_to_right_and_more_is_higher() -> None:
    chart = time_chart("gold", [("1 May", 0.5), ("8 May", 0.9)], least=0, most=1)
    assert chart is not None
    (x_first, y_first), (x_last, y_last) = chart.points
    assert x_first < x_last
    assert y_first > y_last
    assert (chart.first, chart.last, chart.latest) == ("1 May", "8 May", "0.900")


def test_no_points_are_no_chart() -> None:
    assert time_chart("gold", []) is None
