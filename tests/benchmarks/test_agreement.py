"""The command over public judgments, on files of its own making."""

import gzip
import json

from benchmarks.agreement import main


def write(path, text):
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(text)


def test_it_tells_the_kappas_of_three_people(tmp_path, capsys):
    rows = [{"idx": n, "annotator1": n % 3, "annotator2": n % 3, "annotator3": n // 2 % 3} for n in range(30)]
    write(tmp_path / "pairs.json.gz", json.dumps(rows))
    assert main([str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "Cohen's kappa of 1 and 2           1.0000" in told
    assert "ordinal" not in told  # a tie is no amount


def test_it_tells_the_alpha_of_a_crowd(tmp_path, capsys):
    rows = [
        {"id": n, "judgments": [{"worker": f"w{n + k}", "value": ("a1", "a2")[n % 2]} for k in range(3)]}
        for n in range(12)
    ]
    write(tmp_path / "crowd.jsonl.gz", "\n".join(map(json.dumps, rows)))
    assert main([str(tmp_path)]) == 0
    assert "Krippendorff's alpha, nominal      1.0000" in capsys.readouterr().out


def test_it_reads_a_table_of_codings_and_leaves_other_tables_out(tmp_path, capsys):
    (tmp_path / "codings.csv").write_text("1,2,3,\n1,2,3,4\n,2,1,4\n")
    (tmp_path / "other.csv").write_text("name,score\nx,1\n")
    assert main([str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "alpha, ratio" in told
    assert "undefined, because units have from 2 to 3 labels" in told
    assert "other.csv" not in told


def test_a_folder_without_judgments_is_said_to_hold_none(tmp_path, capsys):
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "holds no judgments" in capsys.readouterr().err
