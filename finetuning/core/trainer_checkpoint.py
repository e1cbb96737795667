"""A checkpoint of transformers' trainer, looked through before a run goes on from it.

The trainer itself would fail on damaged files, and where optimizer or random state are missing it begins them anew
without a word.
"""

import json
from pathlib import Path
from zipfile import ZipFile

from safetensors import safe_open
from transformers.trainer import OPTIMIZER_NAME, SCHEDULER_NAME, TRAINER_STATE_NAME
from transformers.utils import SAFE_WEIGHTS_INDEX_NAME, SAFE_WEIGHTS_NAME

from rewardmodel.core.run_directory import checkpoint_step
from rewardmodel.core.training.state import undamaged

RANDOM_STATE = "rng_state.pth"


def whole_checkpoint(folder: Path, *, keeps_optimizer: bool = True) -> Path:
    """The folder itself, if everything that training needs to go on is there and whole.

    Args: keeps_optimizer: False where the trainer was told to save the model only.

    Raises: DamagedCheckpoint.
    """
    with undamaged(folder):
        state = json.loads((folder / TRAINER_STATE_NAME).read_text(encoding="utf-8"))
        if state["global_step"] != checkpoint_step(folder):
            raise ValueError(f"{TRAINER_STATE_NAME} is of step {state['global_step']}")
        for name in _weight_files(folder):
            with safe_open(folder / name, framework="pt"):  # it compares the file's length with what it should hold
                pass
        for name in (OPTIMIZER_NAME, SCHEDULER_NAME, RANDOM_STATE) if keeps_optimizer else ():
            with ZipFile(folder / name) as archive:  # torch.save writes one; nothing of it is unpickled here
                if archive.testzip() is not None:
                    raise ValueError(f"{name} was changed")
    return folder


def _weight_files(folder: Path) -> list[str]:
    index = folder / SAFE_WEIGHTS_INDEX_NAME
    if not index.exists():
        return [SAFE_WEIGHTS_NAME]
    return sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
