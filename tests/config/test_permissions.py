"""Who may do what: every address, both methods, every role. An address without a row here fails the suite.

A row is one character a role, in the order of ROLES: `.` allowed (whatever the form's fate), `L` sent to the login
(302, or 401 on the API), `4` not found, `3` forbidden, `x` method not allowed.
"""

import re

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from finetuning.models import Policy
from labeling.models import ImportBatch, Membership
from labeling.services.assignments import lease_next
from labeling.services.imports import rejected_path
from labeling.services.people import create_token
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot
from rewardmodel.models import RewardModel
from runs.models import Run
from tests.factories import make_comparison, make_member, make_person, make_project

ROLES = ("anonymous", "outsider", "annotator", "reviewer", "manager", "engineer", "owner")

NOT_ALLOWED = "x"  # that method is nobody's: refused with 405, or earlier

# name: (GET, POST)
MATRIX = {
    "labeling-home": ("L......", NOT_ALLOWED),
    "labeling-project-new": ("L333...", "L333..."),
    "labeling-project": ("L4.....", NOT_ALLOWED),
    "labeling-guidelines": ("L4.....", NOT_ALLOWED),
    "labeling-guidelines-edit": ("L433.3.", "L433.3."),
    "labeling-workbench": ("L4...3.", NOT_ALLOWED),
    "labeling-undo": (NOT_ALLOWED, "L4...3."),
    "labeling-submit": (NOT_ALLOWED, "L4.4434"),
    "labeling-skip": (NOT_ALLOWED, "L4.4434"),
    "labeling-comparison": ("L43....", NOT_ALLOWED),
    "labeling-members": ("L433.3.", "L433.3."),
    "labeling-member-role": (NOT_ALLOWED, "L433.3."),
    "labeling-member-remove": (NOT_ALLOWED, "L433.3."),
    "labeling-tokens": ("L......", "L......"),
    "labeling-token-revoke": (NOT_ALLOWED, "L44.444"),
    "labeling-datasets": ("L433...", NOT_ALLOWED),
    "labeling-imports": ("L433...", NOT_ALLOWED),
    "labeling-import-send": (NOT_ALLOWED, "L433..."),
    "labeling-import": ("L433...", NOT_ALLOWED),
    "labeling-rejected": ("L433...", NOT_ALLOWED),
    "labeling-freeze": (NOT_ALLOWED, "L433..."),
    "labeling-snapshot": ("L433...", NOT_ALLOWED),
    "labeling-export": ("L433...", NOT_ALLOWED),
    "runs": ("L......", NOT_ALLOWED),
    "run": ("L444...", NOT_ALLOWED),
    "run-status": ("L444...", NOT_ALLOWED),
    "run-log": ("L444...", NOT_ALLOWED),
    "run-metrics": ("L444...", NOT_ALLOWED),
    "run-cancel": (NOT_ALLOWED, "L444..."),
    "run-resume": (NOT_ALLOWED, "L444..."),
    "reward-models": ("L444...", "L4443.."),
    "reward-model": ("L4444..", NOT_ALLOWED),
    "reward-model-promote": (NOT_ALLOWED, "L4444.."),
    "reward-model-score": (NOT_ALLOWED, "L4444.."),
    "fragment-project-scores": ("L444...", NOT_ALLOWED),
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
    "api-imports": ("L433...", "L433..."),
    "api-import": ("L433...", NOT_ALLOWED),
    "api-import-rejected": ("L433...", NOT_ALLOWED),
    "api-snapshots": ("L433...", "L433..."),
    "api-snapshot": ("L433...", NOT_ALLOWED),
    "api-export": ("L433...", NOT_ALLOWED),
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
    "api-policies": ("L4444..", "L4444.."),
    "api-policy": ("L4444..", NOT_ALLOWED),
    "api-policy-generate": (NOT_ALLOWED, "L4444.."),
    "api-schema": (".......", NOT_ALLOWED),
    "api-docs": (".......", NOT_ALLOWED),
    "metrics": ("L33333.", NOT_ALLOWED),
    "live": (".......", NOT_ALLOWED),
    "ready": (".......", NOT_ALLOWED),
}


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
            kind="import", title="A run", scope=self.project.slug, state="failed", finished_at=timezone.now()
        )
        batch = ImportBatch.objects.create(project=self.project, run=run, file_name="a.jsonl", format="plumbline")
        rejected_path(batch).parent.mkdir(parents=True, exist_ok=True)
        rejected_path(batch).write_text("")
        snapshot = freeze_snapshot(project=self.project, request=SnapshotRequest(include_unjudged=True)).snapshot
        RewardModel.objects.create(
            name="a-model", directory="reward-models/a-model", backbone="minilm", digest="0" * 64
        )
        Policy.objects.create(name="a-model", directory="policies/a-model", method="base", digest="0" * 64)
        trial = Run.objects.create(
            kind="try_policy", title="A trial", state="failed", finished_at=timezone.now(),
            config={"policies": ["a-model"], "prompt": "Hello?", "sampling": {}},
        )  # fmt: skip
        membership = Membership.objects.get(person=member)
        self.kwargs = {
            "slug": self.project.slug,
            "name": "a-model",
            "pk": {
                "labeling-comparison": comparison.pk,
                "fragment-comparison-scores": comparison.pk,
                "labeling-member-role": membership.pk,
                "labeling-member-remove": membership.pk,
                "labeling-token-revoke": token.pk,
                "labeling-snapshot": snapshot.pk,
                "labeling-export": snapshot.pk,
                "api-snapshot": snapshot.pk,
                "api-export": snapshot.pk,
                "api-export-report": snapshot.pk,
                **dict.fromkeys(("playground-trial", "playground-answers"), trial.pk),
                **dict.fromkeys(("labeling-submit", "labeling-skip"), lease.pk),
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
        row = MATRIX[name][("GET", "POST").index(method)]
        expected = row[ROLES.index(role)] if row != NOT_ALLOWED else "L43x"
        found = verdict_of(response)
        if found not in expected or response.status_code >= 500:
            wrong[name] = f"expected {expected}, found {found} ({response.status_code})"
    assert wrong == {}
