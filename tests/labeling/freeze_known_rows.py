"""Import known rows and freeze them, in whatever database the environment names; the way depends on the engine.

Run as `python -m tests.labeling.freeze_known_rows FOLDER ENGINE`; prints the snapshot's identity as JSON.
"""

import json
import random
import sys
from io import StringIO
from pathlib import Path
from uuid import uuid4

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
    """PostgreSQL gets the rows shuffled, file by file in the other order, twice, and annotators by their pseudonyms."""
    from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
    from tests.factories import make_project
    from tests.labeling.files import four, import_rows

    project = make_project(slug="same", judgments_per_comparison=2)
    files = [("plumbline", known_rows()[:60] + known_rows()[80:]), ("trl", known_rows()[60:80])]
    if engine == "postgresql":
        files = [(format, shuffled(rows)) for format, rows in reversed(files)]
    for format, rows in files:
        assert four(import_rows(project, folder, rows, format=format)) == (len(rows), len(rows), 0, 0)
    if engine == "postgresql":
        for format, rows in files:
            again = import_rows(project, folder, shuffled(rows), format=format)
            assert four(again) == (len(rows), 0, 0, len(rows))
    judge_by_hand(project, from_the_end=engine == "postgresql")
    snapshot = freeze_snapshot(project=project, request=SnapshotRequest(seed=5, include_unjudged=True)).snapshot
    filtered = {
        name: freeze_snapshot(project=project, request=SnapshotRequest(**{name: value})).snapshot
        for name, value in FILTERS.items()
    }
    return {
        "filtered": {name: [one.content_sha256, one.manifest["drops"]] for name, one in filtered.items()},
        "sha256": snapshot.content_sha256,
        "by command": by_command("same", "--seed", "5", "--include-unjudged"),
        "counts": snapshot.manifest["counts"],
        "drops": snapshot.manifest["drops"],
    }


def shuffled(rows):
    """In another order, and with the pseudonyms of annotators where their names stood."""
    from labeling.services.imported_people import imported_pseudonym

    rows = json.loads(json.dumps(rows))
    for row in rows:
        for judgment in row.get("judgments", ()):
            judgment["annotator"] = imported_pseudonym(judgment["annotator"])
        if "judgments" in row:
            random.Random(7).shuffle(row["judgments"])
    random.Random(5).shuffle(rows)
    return rows


def judge_by_hand(project, *, from_the_end):
    """Two people of known pseudonyms rank the same comparisons by their texts; one of them changes their mind."""
    from labeling.models import Comparison, Judgment
    from labeling.services.judgments import submit_judgment
    from labeling.services.leases_by_name import lease_by_name
    from labeling.verdicts import Verdict
    from tests.factories import make_member

    names = ["p-first", "p-second"]
    people = {name: make_member(project, pseudonym=name) for name in (reversed(names) if from_the_end else names)}
    chosen = sorted(Comparison.objects.filter(project=project).order_by("content_hash")[:10], key=lambda one: one.pk)
    for comparison in reversed(chosen) if from_the_end else chosen:
        by_text = [pk for _hash, pk in sorted(comparison.responses.values_list("content_hash", "pk"))]
        for person in people.values():
            for ranking in [by_text[::-1], by_text] if person.pseudonym == "p-first" else [by_text]:
                leased = lease_by_name(comparison=comparison, annotator=person, purpose="work")
                leased.shown_order = by_text  # drawn otherwise, it would be another judgment
                leased.save(update_fields=["shown_order"])
                verdict = Verdict(ranking=tuple((pk,) for pk in ranking))
                submit_judgment(assignment=leased, verdict=verdict, client_id=uuid4())
    assert Judgment.objects.filter(source="person").count() == 30


def by_command(*words):
    """The identity that the command answers with."""
    from django.core.management import call_command

    told = StringIO()
    call_command("create_snapshot", *words, "--json", stdout=told)
    return json.loads(told.getvalue().splitlines()[-1])["sha256"]


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), sys.argv[2])) + "\n")
