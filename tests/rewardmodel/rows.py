"""Plain functions that make rows and the files they name, with overrides."""

import hashlib
import itertools
from pathlib import Path
from typing import Any

from django.conf import settings

from labeling.models import Project, Snapshot
from preferences.snapshot import store_snapshot
from rewardmodel.models import RewardModel
from tests.factories import make_project
from tests.rewardmodel.builders import planted_records
from tests.rewardmodel.test_checkpoint import save

_numbers = itertools.count(1)


def make_snapshot(project: Project | None = None, *, prompts: int = 120, seed: int = 5, name: str = "") -> Snapshot:
    """A snapshot with a planted preference, as a row and a file under PLUMBLINE_HOME."""
    home = Path(settings.PLUMBLINE_HOME)
    records = planted_records(prompts=prompts, responses=4, seed=seed)
    path, manifest = store_snapshot(records, home / "snapshots", seed=1, validation=0.15, test=0.2)
    return Snapshot.objects.create(
        project=project or make_project(),
        name=name,
        content_sha256=manifest.content_sha256,
        file_sha256=manifest.file_sha256,
        file=str(path.relative_to(home)),
        manifest=manifest.to_dict(),
    )


FIGURES: dict[str, Any] = {
    "accuracy": 0.724, "accuracy_low": 0.703, "accuracy_high": 0.744, "pairs": 1200, "prompts": 300, "log_loss": 0.55,
    "ece": 0.021, "temperature": 1.34, "baselines": {"longer": 0.58, "random": 0.5}, "agreement": 0.741,
    "reliability": [
        {"confidence": 0.6, "accuracy": 0.58, "pairs": 700}, {"confidence": 0.9, "accuracy": 0.91, "pairs": 500}
    ],
    "disagreements": [
        {
            "comparison": "c" * 64, "prompt": "Is it safe to <b>mix</b> them?", "better": "No.",
            "worse": "Yes, always.",
            "reward_better": -1.2, "reward_worse": 1.9, "agreeing": 4, "judgments": 5,
        }
    ],
}  # fmt: skip


def make_reward_model(backbone: Path | None = None, **fields: Any) -> RewardModel:
    """A model's row; with `backbone` its files too."""
    number = next(_numbers)
    name = fields.setdefault("name", f"model-{number}")
    fields.setdefault("directory", f"reward-models/{name}")
    fields.setdefault("digest", hashlib.sha256(str(number).encode()).hexdigest())
    fields.setdefault("backbone", "minilm")
    fields.setdefault("metrics", {key: FIGURES[key] for key in ("accuracy", "accuracy_low", "accuracy_high", "ece")})
    if backbone is not None:
        from rewardmodel.core.checkpoint import read_sidecar

        place = save(backbone, Path(settings.PLUMBLINE_HOME) / fields["directory"])
        fields["digest"] = read_sidecar(place)["digest"]
    return RewardModel.objects.create(**fields)
