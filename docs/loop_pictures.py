"""The pages of models and runs, as `make loop` leaves them: what screenshots.py --loop photographs."""

from labeling.models import Person, Project, Snapshot
from labeling.services.people import create_person
from runs.models import Run


def fill_from_loop(email: str, password: str) -> dict[str, str]:
    """Let somebody log in to the loop's own home; returns the addresses worth a picture, by name."""
    if not Person.objects.filter(email=email).exists():
        create_person(email=email, password=password, name="Manager", installation_role="owner")
    project = Project.objects.get()
    snapshot = Snapshot.objects.latest("created_at")
    return {
        "datasets": f"/projects/{project.slug}/datasets/",
        "snapshot": f"/projects/{project.slug}/datasets/snapshots/{snapshot.pk}/",
        "runs": "/runs/",
        "run": f"/runs/{Run.objects.get(kind='train_reward').pk}/",
        "reward-models": "/reward-models/",
        "reward-model": "/reward-models/loop/",
        "policies": "/policies/",
        "policy": "/policies/loop-rloo/",
        "playground": "/playground/",
    }
