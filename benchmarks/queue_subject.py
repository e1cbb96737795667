"""`python -m benchmarks.queue_subject SIZE`: fill the environment's database, then time its queue as it is told.

Says in one JSON line that it is filled. For each line {"what", "policy", "person"} it reads, it answers one figure.
"""

import json
import sqlite3
import sys
import time
import uuid
from datetime import timedelta
from itertools import islice

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from labeling.inserting import insert_rows  # noqa: E402
from labeling.models import (  # noqa: E402
    Assignment,
    Comparison,
    ComparisonResponse,
    GuidelineVersion,
    Instrument,
    Judgment,
    Membership,
    Person,
    Project,
    Prompt,
    Response,
)
from labeling.models.comparisons import random_places  # noqa: E402
from labeling.reading import content_shown  # noqa: E402
from labeling.services.assignments import lease_next, take_seat  # noqa: E402
from labeling.services.judgments import submit_judgment  # noqa: E402
from labeling.services.queue import Seeker  # noqa: E402
from labeling.verdicts import Verdict  # noqa: E402

JUDGED = 20_000
TARGET = 3
PROMPTS = 1000
CHUNK = 20_000
JUDGMENT = (
    "client_id", "project_id", "comparison_id", "annotator_id", "ranking", "shown_order",
    "verdict_hash", "judged_at",
)  # fmt: skip


def main(size: int) -> None:
    started = time.monotonic()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous=OFF")  # while it is filled; measured with what the settings say
    people = {name: Person.objects.create_user(f"{name}@example.org") for name in ("fresh", "20,000 judged", "others")}
    project = make_project("queue", people.values())
    elsewhere = make_project("elsewhere", people.values())
    here = min(JUDGED, size // 2)
    fill(project, size, judged=here, expert=people["20,000 judged"], others=people["others"])
    fill(elsewhere, JUDGED - here, judged=JUDGED - here, expert=people["20,000 judged"], others=people["others"])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
        else:
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    version = sqlite3.sqlite_version if connection.vendor == "sqlite" else str(connection.pg_version)
    say({"filled_s": time.monotonic() - started, "version": version})
    for line in sys.stdin:
        asked = json.loads(line)
        project.queue_policy = asked["policy"]
        say(MEASURES[asked["what"]](project, people[asked["person"]]))


def say(answer: object) -> None:
    print(json.dumps(answer), flush=True)


def count_statements(project: Project, person: Person) -> int:
    with CaptureQueriesContext(connection) as captured:
        lease = lease_next(project=project, annotator=person)
        content_shown(lease)
    judge(lease)
    return len(captured)


def time_next(project: Project, person: Person) -> float:
    began = time.perf_counter()
    lease = lease_next(project=project, annotator=person)
    content_shown(lease)
    spent = time.perf_counter() - began
    judge(lease)
    return spent


def judge(lease: Assignment) -> None:
    verdict = Verdict(ranking=tuple((response,) for response in lease.shown_order))
    submit_judgment(assignment=lease, verdict=verdict, client_id=uuid.uuid4())


def time_draw(project: Project, person: Person) -> float:
    now = timezone.now()
    with transaction.atomic():
        seat = take_seat(project, person, now)
        seeker = Seeker(project, person, seat.declined_topics)
        began = time.perf_counter()
        picked = seeker.pick(now)
        spent = time.perf_counter() - began
        assert picked is not None
        transaction.set_rollback(True)
    return spent


def make_project(slug: str, people) -> Project:
    project = Project.objects.create(slug=slug, name=slug, judgments_per_comparison=TARGET, control_share=0.05)
    Instrument.objects.create(project=project)
    GuidelineVersion.objects.create(project=project, number=1, text="Prefer the answer that helps.")
    for person in people:
        Membership.objects.create(project=project, person=person)
    return project


def fill(project: Project, size: int, *, judged: int, expert: Person, others: Person) -> None:
    """`size` comparisons, the first `judged` of them judged once, every fifth judged three times."""
    with transaction.atomic():
        prompts = insert_rows(
            Prompt,
            ("project_id", "content_hash", "messages"),
            [(project.pk, uuid.uuid4().hex, [{"role": "user", "content": f"Question {n}?"}]) for n in range(PROMPTS)],
        )
        responses = insert_rows(
            Response,
            ("prompt_id", "content_hash", "content"),
            [(prompt, uuid.uuid4().hex, "An answer of some words. " * 20) for prompt in prompts for _ in range(2)],
        )
    numbers = iter(range(size))
    while chunk := list(islice(numbers, CHUNK)):
        with transaction.atomic():
            fill_chunk(project, chunk, prompts, responses, judged=judged, expert=expert, others=others)


def fill_chunk(project, chunk, prompts, responses, *, judged, expert, others) -> None:
    begun = timezone.now() - timedelta(days=40)
    finished = [n for n in chunk if n >= judged and n % 5 == 0]
    places = iter(random_places(len(chunk)))
    ids = insert_rows(
        Comparison,
        (
            "project_id",
            "prompt_id",
            "content_hash",
            "target_judgments",
            "open_slots",
            "priority",
            "shuffle",
            "metadata",
        ),
        [
            (
                project.pk,
                prompts[n % PROMPTS],
                uuid.uuid4().hex,
                TARGET,
                TARGET - 1 if n < judged else 0 if n % 5 == 0 else TARGET,
                -float(n),
                next(places),
                {},
            )
            for n in chunk
        ],
    )
    by_number = dict(zip(chunk, ids, strict=True))
    shown = {n: [responses[2 * (n % PROMPTS)], responses[2 * (n % PROMPTS) + 1]] for n in chunk}
    insert_rows(
        ComparisonResponse,
        ("comparison_id", "response_id"),
        [(by_number[n], response) for n in chunk for response in shown[n]],
    )
    done = [(n, expert) for n in chunk if n < judged] + [(n, others) for n in finished]
    leases = [(uuid.uuid4(), n, person, begun + timedelta(seconds=n)) for n, person in done]
    Assignment.objects.bulk_create(
        [
            Assignment(
                id=key,
                project=project,
                comparison_id=by_number[n],
                annotator=person,
                state="done",
                expires_at=at,
                shown_order=shown[n],
                created_at=at,
                closed_at=at,
            )
            for key, n, person, at in leases
        ],
        batch_size=2000,
    )
    insert_rows(
        Judgment,
        JUDGMENT,
        [
            (uuid.uuid4(), project.pk, by_number[n], person.pk, [[one] for one in shown[n]], shown[n], "", at)
            for _key, n, person, at in leases
        ],
    )


MEASURES = {"draw": time_draw, "next": time_next, "statements": count_statements}

if __name__ == "__main__":
    main(int(sys.argv[1]))
