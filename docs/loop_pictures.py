"""The pages of models and runs, as `make loop` leaves them: what screenshots.py --loop photographs."""

from django.core.management import call_command

from labeling.models import Person, Project, Snapshot
from labeling.services.people import create_person
from rewardmodel.models import RewardModel, Sweep
from rewardmodel.services.sweep import queue_sweep
from runs.services.waiting import run_here


def fill_from_loop(email: str, password: str) -> dict[str, str]:
    """Let somebody log in to the loop's own home; returns the addresses worth a picture, by name."""
    if not Person.objects.filter(email=email).exists():
        create_person(email=email, password=password, name="Manager", installation_role="owner")
    project = Project.objects.get()
    snapshot = Snapshot.objects.latest("created_at")
    call_command("moderate_responses", project.slug, verbosity=0)
    if not Sweep.objects.exists():
        sweep_heads(snapshot)
    judge = Person.objects.filter(kind=Person.Kind.SIMULATED).order_by("pk")[0]
    here = f"/projects/{project.slug}"
    return {
        "datasets": f"{here}/datasets/",
        "snapshot": f"{here}/datasets/snapshots/{snapshot.pk}/",
        "lineage": f"{here}/datasets/lineage/",
        "quality": f"{here}/quality/?with=simulated",
        "quality-annotator": f"{here}/quality/annotators/{judge.pk}/?with=simulated",
        "leaderboard": f"{here}/leaderboard/?simulated=on",
        "moderation": f"{here}/moderation/",
        "runs": "/runs/",
        "run": f"/runs/{RewardModel.objects.get(name='loop').run_id}/",
        "reward-models": "/reward-models/",
        "reward-model": "/reward-models/loop/",
        "reward-models-compare": "/reward-models/compare/?a=loop&b=heads-1",
        "sweeps": "/reward-models/sweeps/",
        "sweep": "/reward-models/sweeps/heads/",
        "policies": "/policies/",
        "policy": "/policies/loop-rloo/",
        "playground": "/playground/",
    }


def sweep_heads(snapshot: Snapshot) -> None:
    """Six trainings of a head on a frozen backbone, the cheapest sweep there is."""
    rates = {"head_learning_rate": [1e-4, 1e-3, 1e-2]}
    sweep = queue_sweep(
        snapshot=snapshot, settings={"frozen_layers": "all"}, vary=rates, seeds=[0, 1], name="heads"
    ).sweep
    for training in sweep.trainings.select_related("run"):
        run_here(training.run)
