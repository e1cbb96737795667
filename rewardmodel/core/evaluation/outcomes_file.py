"""Which pairs a model got right, kept in the run's directory, so that two models can be compared on the same pairs."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rewardmodel.core.resampling import Floats, Ints
from rewardmodel.core.run_directory import write_json_atomically

FILE = "outcomes.json"  # in the directory of the run
LETTERS = {1.0: "1", 0.0: "0", 0.5: "h"}
VALUES = {letter: value for value, letter in LETTERS.items()}


@dataclass(frozen=True)
class Outcomes:
    """Of each pair in order its prompt and whether the model was right: 1, 0, or one half for equal rewards.

    pairs_sha256 names the pairs: two evaluations with the same one asked the same of two models.
    """

    pairs_sha256: str
    prompts: Ints
    correct: Floats

    def write(self, file: Path) -> None:
        letters = "".join(LETTERS[float(value)] for value in self.correct)
        write_json_atomically(
            file, {"pairs_sha256": self.pairs_sha256, "prompts": self.prompts.tolist(), "correct": letters}
        )

    @classmethod
    def read(cls, file: Path) -> "Outcomes | None":
        """What was kept, or None where nothing readable is there."""
        try:
            values: Mapping[str, object] = json.loads(file.read_text(encoding="utf-8"))
            correct = np.array([VALUES[letter] for letter in str(values["correct"])])
            prompts = np.array(values["prompts"], dtype=np.int64)
            return cls(str(values["pairs_sha256"]), prompts, correct) if len(prompts) == len(correct) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


def digest_of_pairs(pairs: Sequence[tuple[str, int, int]]) -> str:
    """sha256 over (comparison hash, better, worse) of every pair in order."""
    digest = hashlib.sha256()
    for comparison, better, worse in pairs:
        digest.update(f"{comparison} {better} {worse}\n".encode())
    return digest.hexdigest()
