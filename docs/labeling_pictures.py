"""The pages of labeling, filled with what they look like in use: what screenshots.py photographs."""

import itertools
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from PIL import Image, ImageDraw

from labeling.models import Assignment, Comparison, ImportBatch, Person, Project, ReviewItem
from labeling.presets import PRESETS
from labeling.services.assignments import hold, lease_next
from labeling.services.demo import ensure_demo_projects
from labeling.services.examination import examine_new
from labeling.services.gold import set_gold
from labeling.services.imports import import_file
from labeling.services.invitations import create_invitation
from labeling.services.judgments import submit_judgment
from labeling.services.people import create_person, set_membership
from labeling.services.projects import create_project, update_project
from labeling.services.qualification import accept_guidelines, accept_warning, answer_step, lease_step, warning_digest
from labeling.services.reviews import return_judgment
from labeling.verdicts import Verdict

CONTENT = Path(__file__).with_name("pictures.jsonl")
SECRET = "the-secret-of-the-picture"  # noqa: S105
PAIR = {"kind": "pair"}
INSTRUMENTS: dict[str, dict[str, Any]] = {
    **{name: dict(preset.instrument) for name, preset in PRESETS.items()},
    "best-of": {"kind": "ranking", "places_asked": 1},
    "top-two": {"kind": "ranking", "places_asked": 2},
    "demonstration": {"kind": "demonstration"},
    "improvement": {**PAIR, "asks_improvement": True},
    "hard": PAIR,
    "pictures": PAIR,
}
RESPONSES_SHOWN = {"instructgpt": 4, "best-of": 4, "top-two": 3, "demonstration": 0}


class Home:
    """The rows that the pictures show."""

    def __init__(self, manager: str, password: str) -> None:
        self.password = password
        self.owner = self._person(manager, "Manager", installation_role=Person.InstallationRole.OWNER)
        self.annotators = [
            self._person(f"annotator-{number}@example.org", f"Annotator {number}") for number in (1, 2, 3)
        ]
        self.reviewer = self._person("reviewer@example.org", "Reviewer")
        self.ranking, self.pairs = ensure_demo_projects(owner=self.owner)

    def _person(self, email: str, name: str, **fields: Any) -> Person:
        return create_person(email=email, password=self.password, name=name, **fields)

    def fill(self) -> dict[str, tuple[str, str, Sequence[str]]]:
        """Make everything; returns {name of the picture: (address, who looks, keys pressed before the shutter)}."""
        hand = self.annotators[0].email
        self._judge_the_demo()
        reviewed = self._disagree()
        self._instruments()
        steps = self._joining()
        hasty = ReviewItem.objects.filter(project=self.pairs, judgment__annotator=self.annotators[0])[0].judgment
        return_judgment(judgment=hasty, reviewer=self.reviewer, comment=COMMENT)
        judged = Comparison.objects.filter(project=self.ranking, judgments__isnull=False)[0]
        create_invitation(project=self.pairs, role="annotator", created_by=self.owner, secret=SECRET, most_uses=12)
        lead = self.owner.email
        pages: dict[str, tuple[str, str, Sequence[str]]] = {
            "login": ("/accounts/login/", "", ()),
            "join": (f"/join/{SECRET}/", "", ()),
            "home": ("/", lead, ()),
            "home-annotator": ("/", hand, ()),
            "project": ("/projects/demo/", lead, ()),
            "project-annotator": ("/projects/demo/", hand, ()),
            "project-new": ("/projects/new/", lead, ()),
            "settings": ("/projects/demo-pairs/settings/", lead, ()),
            "members": ("/projects/demo-pairs/members/", lead, ()),
            "people": ("/people/", lead, ()),
            "account": ("/account/settings/", hand, ()),
            "tokens": ("/account/tokens/", lead, ()),
            "comparison": (f"/projects/demo/comparisons/{judged.pk}/", lead, ()),
            "gold": ("/projects/joining/gold/", lead, ()),
            "gold-edit": (f"/projects/demo-pairs/comparisons/{reviewed}/gold/", lead, ()),
            "review": ("/projects/demo-pairs/review/", self.reviewer.email, ()),
            "review-comparison": (f"/projects/demo-pairs/review/{reviewed}/", self.reviewer.email, ()),
            "me": ("/projects/demo-pairs/me/", hand, ()),
            "pair": ("/projects/demo-pairs/label/", hand, ("Shift+Digit1",)),
            "pair-diff": ("/projects/demo-pairs/label/", hand, ("d",)),
            "ranking": ("/projects/demo/label/", hand, ("2", "1", "2")),
            "help": ("/projects/demo/label/", hand, ("?",)),
            "guidelines": ("/projects/demo/label/", hand, ("g",)),
            "guidelines-edit": ("/projects/demo/guidelines/edit/", lead, ()),
            "missing": ("/projects/nowhere/", lead, ()),
        }
        pages |= {f"instrument-{name}": (f"/projects/{name}/label/", hand, ()) for name in INSTRUMENTS}
        pages |= {f"start-{name}": ("/projects/joining/start/", email, ()) for name, email in steps.items()}
        return pages

    def _judge_the_demo(self) -> None:
        for project in (self.ranking, self.pairs):
            update_project(project=project, daily_quota=120)
            set_membership(project=project, person=self.reviewer, role="reviewer")
            for index, person in enumerate(self.annotators):
                set_membership(project=project, person=person, role="annotator")
                for turn in range(14 if index < 2 else 0):
                    self._judge(project, person, turn + index)

    def _judge(self, project: Project, person: Person, turn: int) -> None:
        lease = lease_next(project=project, annotator=person)
        if lease is not None:
            order = sorted(lease.shown_order) if turn % 4 else lease.shown_order
            strength = turn % 4 if project == self.pairs else None
            dwell_ms = 400 if turn == HASTY_TURN else 21_000 + 3_000 * turn
            submit(lease, [[response] for response in order], strength=strength, dwell_ms=dwell_ms)

    def _disagree(self) -> int:
        """One pair on which two people say the opposite, with reasons; returns its number."""
        update_project(project=self.pairs, judgments_per_comparison=2, control_share=0.0)
        import_rows(self.pairs, [{**row, "responses": row["responses"][:2]} for row in rows()[:1]])
        hard = Comparison.objects.filter(project=self.pairs).latest("pk")
        Comparison.objects.filter(pk=hard.pk).update(priority=9.0)
        for person, best_first, reason in zip(self.annotators[1:], (True, False), REASONS, strict=True):
            (lease,) = hold(project=self.pairs, annotator=person, count=1)
            order = sorted(lease.shown_order, reverse=not best_first)
            submit(lease, [[response] for response in order], strength=3, reason=reason, dwell_ms=52_000)
        while examine_new(project=self.pairs):
            pass
        return ReviewItem.objects.filter(comparison=hard).values_list("comparison_id", flat=True)[0]

    def _instruments(self) -> None:
        for name, instrument in INSTRUMENTS.items():
            project = create_project(
                slug=name,
                name=name,
                instrument=instrument,
                guidelines="Prefer the answer that helps.",
                created_by=self.owner,
            )
            update_project(project=project, control_share=0.0)
            set_membership(project=project, person=self.annotators[0], role="annotator")
            if name == "pictures":
                with tempfile.TemporaryDirectory() as folder:
                    import_rows(project, [draw_pictures(Path(folder))], pictures_from=Path(folder))
                continue
            shown = rows()[-1:] if name == "hard" else rows()[:-1]
            k = RESPONSES_SHOWN.get(name, 2)
            import_rows(project, [{**row, "responses": row["responses"][:k]} for row in shown])

    def _joining(self) -> dict[str, str]:
        """A project with every step before the first judgment, and somebody at each of them."""
        project = create_project(
            slug="joining", name="Careful answers", instrument=PAIR, guidelines=GUIDELINES, created_by=self.owner
        )
        import_rows(project, [{**row, "responses": row["responses"][:2]} for row in rows()])
        uses = itertools.chain(["practice", "exam"], itertools.repeat("work"))
        for comparison, use in zip(Comparison.objects.filter(project=project).order_by("pk"), uses, strict=False):
            order = list(comparison.members.order_by("response_id").values_list("response_id", flat=True))
            set_gold(
                comparison=comparison, use=use, ranking=[[response] for response in order], explanation=EXPLANATION
            )
        update_project(
            project=project,
            requires_acceptance=True,
            requires_practice=True,
            exam_pass_share=0.8,
            content_warning="Some questions speak of illness.",
            sensitive_topics=[{"name": "illness", "warning": "Describes symptoms."}],
        )
        emails = {}
        for reached, name in enumerate(["warning", "guidelines", "practice", "exam", "failed"]):
            person = self._person(f"{name}@example.org", name.title())
            set_membership(project=project, person=person, role="annotator")
            emails[name] = person.email
            if reached >= 1:
                accept_warning(project=project, person=person, digest=warning_digest(project), declined_topics=[])
            if reached >= 2:
                accept_guidelines(project=project, person=person, number=1)
            for _step in range(reached - 2):
                lease = lease_step(project=project, person=person)
                wrong = sorted(lease.shown_order, reverse=True)
                answer_step(
                    assignment=lease, verdict=Verdict(ranking=tuple((one,) for one in wrong)), client_id=uuid4()
                )
        return emails


HASTY_TURN = 5
REASONS = ["It says where the formula comes from.", "더 짧고, 묻는 것에만 답합니다."]
COMMENT = "Look at the second paragraph again: it contradicts the first. 두 번째 문단을 다시 읽어 주세요."
GUIDELINES = """# What makes an answer better

- It is **true**.
- It answers what was asked.
- It is no longer than it must be.
"""
EXPLANATION = "The first one answers the question; the other one only repeats it."


def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CONTENT.read_text(encoding="utf-8").splitlines()]


def submit(lease: Assignment, ranking: list[list[int]], **said: Any) -> None:
    verdict = Verdict(ranking=tuple(tuple(group) for group in ranking), **said)
    submit_judgment(assignment=lease, verdict=verdict, client_id=uuid4())


def import_rows(project: Project, records: Sequence[dict[str, Any]], pictures_from: Path | None = None) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        file.flush()
        batch = ImportBatch.objects.create(project=project, file_name="pictures.jsonl", format="plumbline")
        counts = import_file(batch=batch, path=Path(file.name), pictures_from=pictures_from)
    if counts.rejected:
        raise ValueError(f"Rows of the pictures were rejected: {dict(counts.reasons)}")


def draw_pictures(folder: Path) -> dict[str, Any]:
    """A row whose two responses are pictures: a house by day and by night."""
    responses = []
    for name, sky, wall in (("day", "#bfe0ff", "#e8c9a0"), ("night", "#182238", "#7a6a55")):
        picture = Image.new("RGB", (640, 420), sky)
        pen = ImageDraw.Draw(picture)
        pen.rectangle((0, 320, 640, 420), fill="#5b8f52")
        pen.rectangle((200, 190, 440, 340), fill=wall)
        pen.polygon([(180, 190), (320, 90), (460, 190)], fill="#8d3b32")
        pen.ellipse((520, 40, 590, 110), fill="#ffe9a8")
        picture.save(folder / f"{name}.png")
        responses.append({"picture": f"{name}.png", "alt": f"A house with a red roof by {name}"})
    return {"prompt": "Draw a house with a red roof.", "responses": responses}
