"""The demo projects that a first start brings, with data written for this project."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labeling.models import ImportBatch, Instrument, Person, Project
from labeling.services.imports import import_file
from labeling.services.projects import create_project

DEMO = Path(__file__).resolve().parent.parent / "demo"


@dataclass(frozen=True, slots=True)
class DemoProject:
    """One demo project: where its rows and its guidelines stand, and what it asks."""

    slug: str
    name: str
    description: str
    files: tuple[str, ...]
    guidelines: str
    judgments_per_comparison: int
    instrument: dict[str, Any]


DEMO_PROJECTS = (
    DemoProject(
        slug="demo",
        name="Everyday questions",
        description="Four answers to an everyday question, in English and Korean. Rank them.",
        files=("responses.jsonl", "demonstrations.jsonl"),
        guidelines="guidelines_ranking.md",
        judgments_per_comparison=2,
        instrument={"kind": Instrument.Kind.RANKING, "asks_strength": False},
    ),
    DemoProject(
        slug="demo-pairs",
        name="Which answer is better?",
        description="Two answers to an everyday question. Choose one, and say by how much.",
        files=("pair_project.jsonl",),
        guidelines="guidelines_pair.md",
        judgments_per_comparison=1,
        instrument={"kind": Instrument.Kind.PAIR},
    ),
)


def ensure_demo_projects(*, owner: Person | None) -> list[Project]:
    """Create the demo projects and import their rows. Safe to call again: what is there stays as it is."""
    return [ensure_demo_project(demo, owner=owner) for demo in DEMO_PROJECTS]


def ensure_demo_project(demo: DemoProject, *, owner: Person | None) -> Project:
    """Create one demo project unless its slug is taken, and import those of its rows that are missing."""
    project = Project.objects.filter(slug=demo.slug).first() or create_project(
        slug=demo.slug,
        name=demo.name,
        description=demo.description,
        judgments_per_comparison=demo.judgments_per_comparison,
        guidelines=(DEMO / demo.guidelines).read_text(),
        instrument=demo.instrument,
        created_by=owner,
    )
    for name in demo.files:
        if not ImportBatch.objects.filter(project=project, file_name=name, finished_at__isnull=False).exists():
            batch = ImportBatch.objects.create(project=project, file_name=name, format="plumbline", created_by=owner)
            import_file(batch=batch, path=DEMO / name)
    return project
