"""Every benchmark can be run by name; those of statistics leave figures, with public data or without."""

import importlib
import json

import pytest

from benchmarks import __main__ as command
from benchmarks.__main__ import NAMES, main, parser_of

STATISTICS = ("agreement", "annotators", "audits", "leaderboard", "moderation")


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_a_module_that_measures_and_tells_its_options(name):
    module = importlib.import_module(f"benchmarks.{name}")
    assert callable(module.measure)
    assert parser_of(name, module).parse_args(["--quick"]).quick


@pytest.mark.parametrize("name", STATISTICS)
def test_without_public_data_it_says_so_and_measures_what_needs_none(name, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("PLUMBLINE_DATA", raising=False)
    monkeypatch.setattr(command, "QUICK_RESULTS", tmp_path)
    assert main([name, "--quick"]) == 0
    assert "public data left out" in capsys.readouterr().out
    report = json.loads((tmp_path / f"{name}.json").read_text())
    assert report["versions"]["public data"].startswith("not measured")
    assert bool(report["rows"]) == (name in ("annotators", "leaderboard"))


@pytest.mark.slow
@pytest.mark.parametrize("name", STATISTICS)
def test_on_public_data_it_leaves_figures(name, tmp_path, monkeypatch, data_folder):
    monkeypatch.setattr(command, "QUICK_RESULTS", tmp_path)
    assert main([name, "--quick", "--data", str(data_folder)]) == 0
    rows = json.loads((tmp_path / f"{name}.json").read_text())["rows"]
    named = {(row["subject"], row["name"]): row["value"] for row in rows}
    if name == "agreement":
        found = [value for (subject, what), value in named.items() if "pandalm" in subject and "Cohen" in what]
        assert found == [] or sorted(round(value, 2) for value in found) == [0.85, 0.86, 0.88]
        assert round(named["oracles/evalica_codings.csv", "Krippendorff's alpha, nominal"], 3) == 0.743
    if name == "leaderboard":
        apart = [value for (_subject, what), value in named.items() if "evalica" in what]
        assert len(apart) == 6
        assert max(apart) < 1000  # a millionth of a point
    assert rows
