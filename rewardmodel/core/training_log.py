"""What a training run tells while it runs: a line of metrics every few steps, by the names that TRL uses."""

import math
import time
from collections.abc import Mapping

from rewardmodel.core.errors import ExpectedFailure
from rewardmodel.core.run_directory import RunDirectory
from rewardmodel.core.training_state import Position
from rewardmodel.core.validation import Validation

MOST_LINES = 400


class TrainingLog:
    """Writes metrics and progress into a run directory.

    Args:
        total_steps: of the whole run; at most about 400 of them are written.
        position: where the run stands; read at every line.
    """

    def __init__(self, directory: RunDirectory, *, total_steps: int, position: Position) -> None:
        self.directory = directory
        self.total_steps = total_steps
        self.position = position
        self.every = max(1, total_steps // MOST_LINES)
        self._at, self._tokens = time.monotonic(), position.tokens
        directory.report_progress(position.step, total_steps)

    def training(self, figures: Mapping[str, float]) -> None:
        """One step's figures.

        Raises: ExpectedFailure if the gradient is not finite.
        """
        step = self.position.step
        if not math.isfinite(figures["grad_norm"]):
            raise ExpectedFailure(
                f"The gradient is not finite at step {step}. Lower learning_rate, or use precision fp32."
            )
        if step % self.every and step != self.total_steps:
            return
        now, tokens = time.monotonic(), self.position.tokens
        speed = (tokens - self._tokens) / max(now - self._at, 1e-9)
        line = {"step": step, "split": "train", **figures, "num_tokens": tokens, "tokens_per_second": speed}
        self.directory.append_metrics(line)
        self.directory.report_progress(step, self.total_steps)
        self._at, self._tokens = now, tokens

    def validation(self, checked: Validation) -> None:
        """The figures of one look at the validation split."""
        figures = {"loss": checked.loss, "accuracy": checked.accuracy, "margin": checked.margin}
        self.directory.append_metrics({"step": self.position.step, "split": "validation", **figures})
        self._at = time.monotonic()
