"""What happens in the background: judgments are looked through for what needs a reviewer."""

from celery import shared_task

from labeling.models import Project
from labeling.services.examination import examine_new
from runs.tasks import Nudge

PORTIONS = 20  # of 500 judgments, for one project at a time


@shared_task(base=Nudge)
def examine_judgments() -> None:
    """Look through what came since the last time, in every project; whatever is found twice is kept once."""
    for project in Project.objects.filter(is_archived=False):
        for _portion in range(PORTIONS):
            if not examine_new(project=project):
                break
