"""`python -m benchmarks.admin_subject SIZE`: fill the environment's database, then time its administration as told.

Says in one JSON line that it is filled, and which pages it has. For each name of a page that it reads, it answers with
milliseconds, statements and bytes.
"""

import json
import sqlite3
import sys
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import (  # noqa: E402
    CaptureQueriesContext,
    override_settings,
    setup_test_environment,
    teardown_test_environment,
)
from django.utils import timezone  # noqa: E402

from labeling.inserting import insert_rows  # noqa: E402
from labeling.models import (  # noqa: E402
    Assignment,
    Comparison,
    ComparisonResponse,
    GuidelineVersion,
    Instrument,
    Judgment,
    Person,
    Project,
    Prompt,
    Response,
    Review,
)
from runs.models import Run, RunMetric  # noqa: E402

PROMPTS = 500
CHUNK = 20_000
PEOPLE = 40
RARE = 50  # one judgment in so many is an adjudication, or a person's; one assignment is open, one review returns
SMALL = 50  # rows of the project that came first and stayed small
RUNS = 2  # comparisons to a run
BEGUN = datetime(2026, 1, 1, tzinfo=timezone.get_default_timezone())


@dataclass(frozen=True)
class Filled:
    """What the pages that are measured name."""

    big: Project
    small: Project
    annotator: Person
    owner: Person
    first: int  # a judgment
    run: Run


def fill(size: int) -> Filled:
    """A small project, and one with `size` comparisons, judgments and assignments, and their reviews and runs."""
    people = [Person.objects.create_user(f"annotator-{number}@example.org") for number in range(PEOPLE)]
    owner = Person.objects.create_user("owner@example.org", installation_role="owner")
    small, big = make_project("small"), make_project("big")
    first = fill_project(small, SMALL, people)[0]
    fill_project(big, size, people)
    run = fill_runs(size // RUNS)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint(TRUNCATE)")
    return Filled(big, small, people[0], owner, first, run)


def make_project(slug: str) -> Project:
    project = Project.objects.create(slug=slug, name=slug.capitalize())
    Instrument.objects.create(project=project)
    GuidelineVersion.objects.create(project=project, number=1, text="Prefer the answer that helps.")
    return project


def fill_project(project: Project, size: int, people: list[Person]) -> list[int]:
    """The project's rows; returns the ids of the first judgments."""
    with transaction.atomic():
        texts = [
            (project.pk, uuid.uuid4().hex, [{"role": "user", "content": f"Question {number}?"}])
            for number in range(PROMPTS)
        ]
        prompts = insert_rows(Prompt, ("project_id", "content_hash", "messages"), texts)
        answers = [(prompt, uuid.uuid4().hex, "An answer. " * 20) for prompt in prompts for _ in range(2)]
        responses = insert_rows(Response, ("prompt_id", "content_hash", "content"), answers)
    kept: list[int] = []
    for start in range(0, size, CHUNK):
        chunk = range(start, min(start + CHUNK, size))
        with transaction.atomic():
            made = fill_chunk(project, chunk, prompts, responses, people)
        kept = kept or made
    return kept


def fill_chunk(
    project: Project, numbers: range, prompts: list[int], responses: list[int], people: list[Person]
) -> list[int]:
    shown = {number: responses[2 * (number % PROMPTS) :][:2] for number in numbers}
    columns = ("project_id", "prompt_id", "content_hash", "target_judgments", "open_slots")
    rows: list[tuple[Any, ...]] = [
        (project.pk, prompts[number % PROMPTS], uuid.uuid4().hex, 1, int(number % RARE == 1)) for number in numbers
    ]
    comparisons = insert_rows(Comparison, columns, rows)
    by_number = dict(zip(numbers, comparisons, strict=True))
    insert_rows(
        ComparisonResponse,
        ("comparison_id", "response_id"),
        [(by_number[number], response) for number in numbers for response in shown[number]],
    )
    Assignment.objects.bulk_create(
        [assignment(project, by_number[number], people, number, shown[number]) for number in numbers], batch_size=2000
    )
    columns = (
        "client_id", "project_id", "comparison_id", "annotator_id", "ranking", "shown_order", "verdict_hash",
        "judged_at", "purpose", "is_surplus", "source",
    )  # fmt: skip
    rows = [
        (
            uuid.uuid4(), project.pk, by_number[number], people[number % PEOPLE].pk, [[one] for one in shown[number]],
            shown[number], "", BEGUN + timedelta(minutes=number), "work" if number % RARE else "adjudication",
            number % RARE == 0, "person" if number % RARE == 2 else "imported",
        )
        for number in numbers
    ]  # fmt: skip
    judgments = insert_rows(Judgment, columns, rows)
    columns = ("project_id", "judgment_id", "reviewer_id", "outcome", "comment", "created_at")
    rows = [
        (project.pk, judgment, people[0].pk, "accepted" if number % RARE else "returned", "Look again.",
         BEGUN + timedelta(minutes=number))
        for number, judgment in zip(numbers, judgments, strict=True)
    ]  # fmt: skip
    insert_rows(Review, columns, rows)
    return judgments


def assignment(project: Project, comparison: int, people: list[Person], number: int, shown: list[int]) -> Assignment:
    at = BEGUN + timedelta(minutes=number)
    is_open = number % RARE == 1
    return Assignment(
        project=project,
        comparison_id=comparison,
        annotator=people[number % PEOPLE],
        state="open" if is_open else "done",
        expires_at=at,
        shown_order=shown,
        created_at=at,
        closed_at=None if is_open else at,
    )


def fill_runs(count: int) -> Run:
    """So many runs that failed, and for the first of them as many lines of metrics."""
    rows = [
        Run(
            kind="import" if number % RARE else "snapshot",
            title=f"Run {number}",
            scope="big",
            state="succeeded" if number % RARE else "failed",
            created_at=BEGUN + timedelta(minutes=number),
            finished_at=BEGUN + timedelta(minutes=number),
        )
        for number in range(count)
    ]
    Run.objects.bulk_create(rows, batch_size=2000)
    lines = [RunMetric(run=rows[0], attempt=1, sequence=line, values={"loss": 1.0}) for line in range(1, count + 1)]
    RunMetric.objects.bulk_create(lines, batch_size=2000)
    return rows[0]


def pages_of(filled: Filled) -> dict[str, str]:
    """What an operator opens, by name. `next:` is the page behind the one of the same name, where it has one."""
    day = (BEGUN + timedelta(days=3)).date().isoformat()
    later = (BEGUN + timedelta(days=4)).date().isoformat()
    judgment = Judgment.objects.get(pk=filled.first)
    labeling, runs = "/admin/labeling", "/admin/runs"
    return {
        "judgments": f"{labeling}/judgment/",
        "judgments of a project": f"{labeling}/judgment/?project=big",
        "judgments of a small project": f"{labeling}/judgment/?project=small",
        "judgments of an annotator": f"{labeling}/judgment/?annotator={filled.annotator.pk}",
        "judgments of an annotator in a project": f"{labeling}/judgment/?annotator={filled.annotator.pk}&project=big",
        "adjudications of a project": f"{labeling}/judgment/?project=big&purpose=adjudication",
        "exams of a project": f"{labeling}/judgment/?project=big&purpose=exam",
        "work of a project": f"{labeling}/judgment/?project=big&purpose=work",
        "imported judgments of a project": f"{labeling}/judgment/?project=big&source=imported",
        "people's judgments of a project": f"{labeling}/judgment/?project=big&source=person",
        "simulated judgments of a project": f"{labeling}/judgment/?project=big&source=simulated",
        "judgments of two days": f"{labeling}/judgment/?project=big&since={day}&until={later}",
        "judgment by its id": f"{labeling}/judgment/?q={filled.first}",
        "judgment by its client id": f"{labeling}/judgment/?q={judgment.client_id}",
        "judgment": f"{labeling}/judgment/{filled.first}/change/",
        "comparisons": f"{labeling}/comparison/",
        "comparisons of a project": f"{labeling}/comparison/?project=big",
        "comparisons of a small project": f"{labeling}/comparison/?project=small",
        "comparisons that want judgments": f"{labeling}/comparison/?project=big&stand=open",
        "exam comparisons": f"{labeling}/comparison/?project=big&stand=exam",
        "comparison by its id": f"{labeling}/comparison/?q={judgment.comparison_id}",
        "comparison": f"{labeling}/comparison/{judgment.comparison_id}/change/",
        "open assignments": f"{labeling}/assignment/",
        "open assignments of a project": f"{labeling}/assignment/?project=big",
        "assignments of an annotator": f"{labeling}/assignment/?annotator={filled.annotator.pk}",
        "done assignments of an annotator": f"{labeling}/assignment/?annotator={filled.annotator.pk}&state=done",
        "assignments of a comparison": f"{labeling}/assignment/?q={judgment.comparison_id}",
        "reviews": f"{labeling}/review/",
        "reviews of a project": f"{labeling}/review/?project=big",
        "returned in a project": f"{labeling}/review/?project=big&outcome=returned",
        "reviews of two days": f"{labeling}/review/?project=big&since={day}&until={later}",
        "review of a judgment": f"{labeling}/review/?q={filled.first}",
        "runs": f"{runs}/run/",
        "failed runs": f"{runs}/run/?state=failed",
        "runs of a kind": f"{runs}/run/?kind=snapshot",
        "runs of a project": f"{runs}/run/?scope=big",
        "runs of two days": f"{runs}/run/?since={day}&until={later}",
        "run by its id": f"{runs}/run/?q={filled.run.pk}",
        "metrics": f"{runs}/runmetric/",
        "metrics of a run": f"{runs}/runmetric/?run={filled.run.pk}",
    }


def logged_in(owner: Person) -> Client:
    """A client of the owner, in an installation whose static files were not collected."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}, ALLOWED_HOSTS=["*"]).enable()
    client = Client()
    client.force_login(owner)
    return client


def opened(client: Client, path: str) -> tuple[Any, list[str]]:
    """A page and the statements that made it, those of the session and the log among them."""
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
    assert response.status_code == 200, (path, response.status_code, response.content[:500])
    return response, [query["sql"] for query in captured.captured_queries]


def with_next_pages(client: Client, pages: dict[str, str]) -> dict[str, str]:
    """The pages, and for each list that goes on its second page."""
    setup_test_environment()  # a response then brings its context
    following = {}
    for name, path in pages.items():
        changelist = (opened(client, path)[0].context or {}).get("cl")
        if changelist is not None and changelist.older:
            following[f"next: {name}"] = path.partition("?")[0] + changelist.older
    teardown_test_environment()
    return pages | following


def main(size: int) -> None:
    started = time.monotonic()
    filled = fill(size)
    client = logged_in(filled.owner)
    pages = with_next_pages(client, pages_of(filled))
    version = sqlite3.sqlite_version if connection.vendor == "sqlite" else str(connection.pg_version)
    say({"filled_s": time.monotonic() - started, "version": version, "pages": list(pages)})
    for line in sys.stdin:
        path = pages[line.rstrip("\n")]
        began = time.perf_counter()
        response = client.get(path)
        spent = time.perf_counter() - began
        say({"ms": 1000 * spent, "bytes": len(response.content)})


def say(answer: object) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
