"""The pages of models and runs, as `make loop` leaves them: what screenshots.py --loop photographs."""

from django.core.management import call_command

from labeling.models import Person, Project, Snapshot
from labeling.services.people import create_person
from runs.models import Run


def fill_from_loop(email: str, password: str) -> dict[str, str]:
    """Let somebody log in to the loop's own home; returns the addresses worth a picture, by name."""
    if not Person.objects.filter(email=email).exists():
        create_person(email=email, password=password, name="Manager", installation_role="owner")
    project = Project.objects.get()
    snapshot = Snapshot.objects.latest("created_at")
    call_command("moderate_responses", project.slug, verbosity=0)
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
        "run": f"/runs/{Run.objects.get(kind='train_reward').pk}/",
        "reward-models": "/reward-models/",
        "reward-model": "/reward-models/loop/",
        "policies": "/policies/",
        "policy": "/policies/loop-rloo/",
        "playground": "/playground/",
    }
