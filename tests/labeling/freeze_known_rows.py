"""Import known rows and freeze them, in whatever database the environment names; the order depends on the engine.

Run as `python -m tests.labeling.freeze_known_rows FOLDER ENGINE`; prints the snapshot's identity as JSON.
"""

import json
import sys
from pathlib import Path

import django

FILTERS = {
    "exclude_policies": ("p",),
    "least_gold_agreement": 0.1,
    "least_agreement": 0.5,
    "exclude_suspicious": True,
    "group_near_duplicates": True,
}


def known_rows():
    from tests.labeling.files import pair

    rows = [
        {
            "prompt": [{"role": "user", "content": f"질문 {number} \U0001f600 \u2028"}],
            "responses": [
                {"content": f"a{number}", "sampling": {"temperature": 1e-7, "seed": 1e16, "top_p": 1.0}},
                {"content": f"b{number}", "policy": "p"},
                {"content": f"c{number}"},
            ],
            "judgments": [
                {
                    "annotator": f"ann-{who}",
                    "ranking": [[(number + who) % 3], [(number + who + 1) % 3]],
                    "strength": number % 4,
                    "ratings": {"0": {"tone": 2.5, "b": 3.0}},
                    "flags": ["z", "a"],
                    "reason": "é e\u0301",
                }
                for who in range(1 + number % 3)
            ],
            "gold": [[0], [1, 2]] if number % 5 == 0 else None,
            "metadata": {"order": {"z": 1, "a": [1e300, 0.1, -0.0]}, "한": None},
        }
        for number in range(60)
    ]
    rows += [pair(number) for number in range(20)]
    rows += [{"kind": "demonstration", "prompt": "Q", "responses": [{"content": "Ideal."}]}]
    return rows


def main(folder, engine):
    from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
    from tests.factories import make_project
    from tests.labeling.files import four, import_rows

    rows = known_rows()
    if engine == "postgresql":
        rows.reverse()
    project = make_project(slug="same", judgments_per_comparison=2)
    assert four(import_rows(project, folder, rows, format="plumbline"))[:2] == (81, 61)
    assert four(import_rows(project, folder, rows, format="trl"))[:2] == (81, 20)
    snapshot = freeze_snapshot(project=project, request=SnapshotRequest(seed=5, include_unjudged=True)).snapshot
    filtered = {
        name: freeze_snapshot(project=project, request=SnapshotRequest(**{name: value})).snapshot
        for name, value in FILTERS.items()
    }
    return {
        "filtered": {name: [one.content_sha256, one.manifest["drops"]] for name, one in filtered.items()},
        "sha256": snapshot.content_sha256,
        "counts": snapshot.manifest["counts"],
        "drops": snapshot.manifest["drops"],
    }


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), sys.argv[2])) + "\n")
