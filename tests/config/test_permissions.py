"""Who may do what: every address, both methods, every role. An address without a row here fails the suite.

A row is one character a role, in the order of ROLES: `.` allowed (whatever the form's fate), `L` sent to the login
(302, or 401 on the API), `4` not found, `3` forbidden, `x` method not allowed.
"""

import re

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from finetuning.models import Policy
from labeling.models import ImportBatch, Membership, Project, Purpose
from labeling.pictures import picture_name, picture_storage
from labeling.services.assignments import lease_next
from labeling.services.imports import rejected_path
from labeling.services.invitations import create_invitation
from labeling.services.leases_by_name import lease_by_name
from labeling.services.people import create_token
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from rewardmodel.models import RewardModel, Sweep
from runs.models import Run
from tests.factories import (
    make_comparison,
    make_finding,
    make_gold,
    make_member,
    make_person,
    make_project,
    make_review,
)

ROLES = ("anonymous", "outsider", "annotator", "reviewer", "manager", "engineer", "owner")

NOT_ALLOWED = "x"  # that method is nobody's: refused with 405, or earlier

# name: (GET, POST)
MATRIX = {
    "labeling-home": ("L......", NOT_ALLOWED),
    "labeling-project-new": ("L333...", "L333..."),
    "labeling-project-new-preview": (NOT_ALLOWED, "L333..."),
    "labeling-settings": ("L433.3.", "L433.3."),
    "labeling-settings-preview": (NOT_ALLOWED, "L433.3."),
    "labeling-archive": (NOT_ALLOWED, "L433.3."),
    "labeling-project": ("L4.....", NOT_ALLOWED),
    "labeling-guidelines": ("L4.....", NOT_ALLOWED),
    "labeling-guidelines-edit": ("L433.3.", "L433.3."),
    "labeling-workbench": ("L4...3.", NOT_ALLOWED),
    "labeling-undo": (NOT_ALLOWED, "L4...3."),
    "labeling-reserve": (NOT_ALLOWED, "L4...3."),
    "labeling-heartbeat": (NOT_ALLOWED, "L4...3."),
    "labeling-workbench-settings": ("L......", "L......"),
    "service-worker": (".......", NOT_ALLOWED),
    "labeling-submit": (NOT_ALLOWED, "L4.4434"),
    "labeling-skip": (NOT_ALLOWED, "L4.4434"),
    "labeling-preview-writing": (NOT_ALLOWED, "L4...3."),
    "labeling-comparison": ("L43....", NOT_ALLOWED),
    "labeling-moderation": ("L43..3.", NOT_ALLOWED),
    "labeling-moderation-finding": ("L43..3.", NOT_ALLOWED),
    "labeling-moderation-decide": (NOT_ALLOWED, "L43..3."),
    "labeling-moderation-all": (NOT_ALLOWED, "L43..3."),
    "labeling-moderation-run": (NOT_ALLOWED, "L433.3."),
    "labeling-moderation-settings": (NOT_ALLOWED, "L433.3."),
    "labeling-review": ("L43..3.", NOT_ALLOWED),
    "labeling-review-comparison": ("L43..3.", NOT_ALLOWED),
    "labeling-review-accept": (NOT_ALLOWED, "L43..3."),
    "labeling-review-return": (NOT_ALLOWED, "L434434"),
    "labeling-review-adjudicate": ("L43..3.", "L43..3."),
    "labeling-review-submit": (NOT_ALLOWED, "L43..3."),
    "labeling-review-leave": (NOT_ALLOWED, "L43..3."),
    "labeling-picture": ("L4.....", NOT_ALLOWED),
    "labeling-quality": ("L43....", NOT_ALLOWED),
    "labeling-quality-compute": (NOT_ALLOWED, "L43...."),
    "labeling-quality-annotator": ("L433.3.", NOT_ALLOWED),
    "labeling-members": ("L433.3.", "L433.3."),
    "labeling-member-role": (NOT_ALLOWED, "L433.3."),
    "labeling-member-remove": (NOT_ALLOWED, "L433.3."),
    "labeling-member-retry": (NOT_ALLOWED, "L433.3."),
    "labeling-invite": (NOT_ALLOWED, "L433.3."),
    "labeling-invitation-revoke": (NOT_ALLOWED, "L433.3."),
    "labeling-join": (".......", ".3...33"),
    "labeling-people": ("L33333.", NOT_ALLOWED),
    "labeling-person": (NOT_ALLOWED, "L33333."),
    "labeling-person-active": (NOT_ALLOWED, "L33333."),
    "labeling-person-reset": (NOT_ALLOWED, "L33333."),
    "labeling-account": ("L......", "L......"),
    "labeling-start": ("L4...3.", NOT_ALLOWED),
    "labeling-start-warning": (NOT_ALLOWED, "L4...3."),
    "labeling-start-guidelines": (NOT_ALLOWED, "L4...3."),
    "labeling-start-exam": (NOT_ALLOWED, "L4...3."),
    "labeling-start-answer": ("L444434", "L4.4434"),
    "labeling-me": ("L4...3.", NOT_ALLOWED),
    "labeling-me-topics": (NOT_ALLOWED, "L4...3."),
    "labeling-me-read": (NOT_ALLOWED, "L4...3."),
    "labeling-me-again": (NOT_ALLOWED, "L4.4434"),
    "labeling-gold": ("L433.3.", NOT_ALLOWED),
    "labeling-gold-edit": ("L433.3.", "L433.3."),
    "labeling-gold-withdraw": (NOT_ALLOWED, "L433.3."),
    "labeling-tokens": ("L......", "L......"),
    "labeling-token-revoke": (NOT_ALLOWED, "L44.444"),
    "labeling-leaderboard": ("L433...", NOT_ALLOWED),
    "labeling-leaderboard-compute": (NOT_ALLOWED, "L433..."),
    "labeling-leaderboard-csv": ("L433...", NOT_ALLOWED),
    "labeling-datasets": ("L433...", NOT_ALLOWED),
    "labeling-imports": ("L433...", NOT_ALLOWED),
    "labeling-import-send": (NOT_ALLOWED, "L433..."),
    "labeling-import": ("L433...", NOT_ALLOWED),
    "labeling-rejected": ("L433...", NOT_ALLOWED),
    "labeling-freeze": (NOT_ALLOWED, "L433..."),
    "labeling-lineage": ("L433...", NOT_ALLOWED),
    "labeling-snapshot-compare": ("L433...", "L433..."),
    "labeling-snapshot-preview": (NOT_ALLOWED, "L433..."),
    "labeling-snapshot": ("L433...", NOT_ALLOWED),
    "labeling-export": ("L433...", NOT_ALLOWED),
    "labeling-folder": ("L433...", NOT_ALLOWED),
    "labeling-drops": (NOT_ALLOWED, "L433..."),
    "runs": ("L......", NOT_ALLOWED),
    "run": ("L444...", NOT_ALLOWED),
    "run-status": ("L444...", NOT_ALLOWED),
    "run-log": ("L444...", NOT_ALLOWED),
    "run-metrics": ("L444...", NOT_ALLOWED),
    "run-cancel": (NOT_ALLOWED, "L444..."),
    "run-resume": (NOT_ALLOWED, "L444..."),
    "reward-models": ("L444...", "L4443.."),
    "reward-model": ("L4444..", NOT_ALLOWED),
    "reward-model-card": ("L4444..", NOT_ALLOWED),
    "reward-models-compare": ("L444...", NOT_ALLOWED),
    "reward-model-sweeps": ("L444...", "L4443.."),
    "reward-model-sweep": ("L444...", NOT_ALLOWED),
    "reward-model-sweep-status": ("L444...", NOT_ALLOWED),
    "reward-model-sweep-cancel": (NOT_ALLOWED, "L4443.."),
    "reward-model-promote": (NOT_ALLOWED, "L4444.."),
    "reward-model-score": (NOT_ALLOWED, "L4444.."),
    "fragment-project-lineage": ("L444...", NOT_ALLOWED),
    "fragment-project-scores": ("L444...", NOT_ALLOWED),
    "fragment-agreement": ("L444...", NOT_ALLOWED),
    "fragment-comparison-scores": ("L444...", NOT_ALLOWED),
    "policies": ("L4444..", "L4444.."),
    "policy": ("L4444..", NOT_ALLOWED),
    "policy-finetune": (NOT_ALLOWED, "L4444.."),
    "policy-generate": (NOT_ALLOWED, "L4444.."),
    "playground": ("L4444..", "L4444.."),
    "playground-trial": ("L4444..", NOT_ALLOWED),
    "playground-answers": ("L4444..", NOT_ALLOWED),
    "set_language": (".......", "......."),
    "api-next-assignment": (NOT_ALLOWED, "L4...3."),
    "api-judgment": (NOT_ALLOWED, "L4.4444"),
    "api-heartbeat": (NOT_ALLOWED, "L4.4444"),
    "api-release": (NOT_ALLOWED, "L4.4444"),
    "api-quality": ("L43....", "L43...."),
    "api-moderation": ("L43..3.", "L43..3."),
    "api-moderation-run": (NOT_ALLOWED, "L433.3."),
    "api-review": ("L43..3.", NOT_ALLOWED),
    "api-review-accept": (NOT_ALLOWED, "L43..3."),
    "api-review-return": (NOT_ALLOWED, "L43..3."),
    "api-imports": ("L433...", "L433..."),
    "api-import": ("L433...", NOT_ALLOWED),
    "api-import-rejected": ("L433...", NOT_ALLOWED),
    "api-leaderboard": ("L433...", "L433..."),
    "api-snapshots": ("L433...", "L433..."),
    "api-snapshot-preview": (NOT_ALLOWED, "L433..."),
    "api-snapshot": ("L433...", NOT_ALLOWED),
    "api-export": ("L433...", NOT_ALLOWED),
    "api-folder": ("L433...", NOT_ALLOWED),
    "api-export-report": ("L433...", NOT_ALLOWED),
    "api-runs": ("L......", "L3333.."),
    "api-run": ("L444...", NOT_ALLOWED),
    "api-run-metrics": ("L444...", NOT_ALLOWED),
    "api-run-cancel": (NOT_ALLOWED, "L444..."),
    "api-run-resume": (NOT_ALLOWED, "L444..."),
    "api-reward-models": ("L444...", "L4443.."),
    "api-reward-model": ("L4444..", NOT_ALLOWED),
    "api-reward-model-score": (NOT_ALLOWED, "L4444.."),
    "api-reward-model-promote": (NOT_ALLOWED, "L4444.."),
    "api-sweeps": ("L444...", "L4443.."),
    "api-sweep": ("L444...", NOT_ALLOWED),
    "api-sweep-cancel": (NOT_ALLOWED, "L4443.."),
    "api-policies": ("L4444..", "L4444.."),
    "api-policy": ("L4444..", NOT_ALLOWED),
    "api-policy-generate": (NOT_ALLOWED, "L4444.."),
    "api-schema": (".......", NOT_ALLOWED),
    "api-docs": (".......", NOT_ALLOWED),
    "metrics": ("L33333.", NOT_ALLOWED),
    "live": (".......", NOT_ALLOWED),
    "ready": (".......", NOT_ALLOWED),
}


REVIEW_PAGES = tuple(name for name in MATRIX if "-review-" in name)


def our_addresses(patterns=None, prefix=""):
    """Name and parameters of every address except Django admin's and allauth's own."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if path.startswith(("admin/", "accounts/")):
            continue
        if hasattr(pattern, "url_patterns"):
            yield from our_addresses(pattern.url_patterns, path)
        else:
            yield pattern.name, re.findall(r"<(?:\w+:)?(\w+)>", path)


class World:
    """One of each thing, in one project, and a person of each role."""

    def __init__(self, tmp_path):
        self.project = make_project()
        comparison = make_comparison(self.project)
        finding = make_finding(comparison)
        member = make_member(self.project, name="Somebody Else")
        self.people = {
            "outsider": make_person(),
            "annotator": make_member(self.project, "annotator"),
            "reviewer": make_member(self.project, "reviewer"),
            "manager": make_member(self.project, "manager"),
            "engineer": make_person("engineer"),
            "owner": make_person("owner"),
        }
        lease = lease_next(project=self.project, annotator=self.people["annotator"])
        create_token(person=self.people["reviewer"])
        token = self.people["reviewer"].api_tokens.get()
        run = Run.objects.create(
            kind="import", title="An import", scope=self.project.slug, state="failed", finished_at=timezone.now()
        )
        batch = ImportBatch.objects.create(project=self.project, run=run, file_name="a.jsonl", format="plumbline")
        rejected_path(batch).parent.mkdir(parents=True, exist_ok=True)
        rejected_path(batch).write_text("")
        snapshot = freeze_snapshot(project=self.project, request=SnapshotRequest(include_unjudged=True)).snapshot
        RewardModel.objects.create(
            name="a-model", directory="reward-models/a-model", backbone="minilm", digest="0" * 64
        )
        asked = {"settings": {}, "vary": {}, "draws": None, "draw_seed": 0, "seeds": [0]}
        sweep = Sweep.objects.create(name="a-model", snapshot=snapshot, asked=asked)
        Policy.objects.create(name="a-model", directory="policies/a-model", method="base", digest="0" * 64)
        trial = Run.objects.create(
            kind="try_policy", title="A trial", state="failed", finished_at=timezone.now(),
            config={"policies": ["a-model"], "prompt": "Hello?", "sampling": {}},
        )  # fmt: skip
        picture_storage().save(picture_name(self.project.pk, "0" * 64), ContentFile(b"a picture"))
        membership = Membership.objects.get(person=member)
        annotator = self.people["annotator"]
        review = make_review(self.project, annotator)
        trial_lease = lease_by_name(
            comparison=make_gold(self.project, use="practice"), annotator=annotator, purpose=Purpose.PRACTICE
        )
        invitation = create_invitation(
            project=self.project, role="annotator", created_by=self.people["manager"], secret="a-secret", email="a@b.c"
        )
        self.kwargs = {
            "secret": "a-secret",
            "slug": self.project.slug,
            "name": "a-model",
            "sha256": "0" * 64,
            "pk": {
                "labeling-comparison": comparison.pk,
                **dict.fromkeys(REVIEW_PAGES, comparison.pk),
                "fragment-comparison-scores": comparison.pk,
                **dict.fromkeys(("labeling-moderation-finding", "labeling-moderation-decide"), finding.pk),
                **dict.fromkeys(("labeling-gold-edit", "labeling-gold-withdraw"), comparison.pk),
                **dict.fromkeys(("labeling-person", "labeling-person-active", "labeling-person-reset"), member.pk),
                "labeling-quality-annotator": annotator.pk,
                "labeling-invitation-revoke": invitation.pk,
                "labeling-member-retry": membership.pk,
                "labeling-start-answer": trial_lease.pk,
                "labeling-me-again": review.pk,
                "labeling-member-role": membership.pk,
                "labeling-member-remove": membership.pk,
                "labeling-token-revoke": token.pk,
                "labeling-snapshot": snapshot.pk,
                "labeling-export": snapshot.pk,
                "labeling-folder": snapshot.pk,
                "labeling-drops": snapshot.pk,
                "api-snapshot": snapshot.pk,
                "api-export": snapshot.pk,
                "api-folder": snapshot.pk,
                "api-export-report": snapshot.pk,
                **dict.fromkeys(("playground-trial", "playground-answers"), trial.pk),
                **dict.fromkeys(("labeling-submit", "labeling-skip"), lease.pk),
                **dict.fromkeys(("api-sweep", "api-sweep-cancel"), sweep.pk),
                **dict.fromkeys(("api-judgment", "api-heartbeat", "api-release"), lease.pk),
            },
            "default_pk": batch.run_id,
        }

    def url(self, name, parameters):
        values = {
            parameter: self.kwargs["pk"].get(name, self.kwargs["default_pk"])
            if parameter == "pk"
            else self.kwargs[parameter]
            for parameter in parameters
        }
        return reverse(name, kwargs=values)


def verdict_of(response):
    """Which letter of the matrix an answer is."""
    if response.status_code == 401 or (response.status_code == 302 and "/accounts/login/" in response["Location"]):
        return "L"
    return {404: "4", 403: "3", 405: "x"}.get(response.status_code, ".")


def test_every_address_has_a_row_and_every_row_an_address():
    assert {name for name, _ in our_addresses()} == set(MATRIX)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_role_may_do_what_the_matrix_says_and_nothing_else(role, method, tmp_path):
    world = World(tmp_path)
    client = Client(raise_request_exception=False)
    if role != "anonymous":
        client.force_login(world.people[role])
    wrong = {}
    for name, parameters in our_addresses():
        url = world.url(name, parameters)
        response = client.get(url) if method == "GET" else client.post(url)
        Project.objects.update(is_archived=False)  # or the addresses that follow would find nothing
        row = MATRIX[name][("GET", "POST").index(method)]
        expected = row[ROLES.index(role)] if row != NOT_ALLOWED else "L43x"
        found = verdict_of(response)
        if found not in expected or response.status_code >= 500:
            wrong[name] = f"expected {expected}, found {found} ({response.status_code})"
    assert wrong == {}
