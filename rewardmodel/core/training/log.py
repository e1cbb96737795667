"""What a training run tells while it runs: a line of metrics every few steps, by the names that TRL uses."""

import math
import time
from collections.abc import Mapping

import torch

from rewardmodel.core.errors import ExpectedFailure
from rewardmodel.core.hardware import peak_memory_bytes
from rewardmodel.core.run_directory import RunDirectory
from rewardmodel.core.training.state import Position
from rewardmodel.core.training.validation import Validation

MOST_LINES = 400


class TrainingLog:
    """Writes metrics and progress into a run directory.

    Args:
        total_steps: of the whole run; at most about 400 of them are written.
        position: where the run stands; read at every line.
        device: whose memory is watched.
    """

    def __init__(self, directory: RunDirectory, *, total_steps: int, position: Position, device: torch.device) -> None:
        self.directory = directory
        self.total_steps = total_steps
        self.position = position
        self.device = device
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
        self.directory.append_metrics({**line, "peak_memory_bytes": peak_memory_bytes(self.device)})
        self.directory.report_progress(step, self.total_steps)
        self._at, self._tokens = now, tokens

    def validation(self, checked: Validation, *, split: str = "validation") -> None:
        """The figures of one look at the validation split, by the weights or, as a split of its own, their average."""
        figures = {"loss": checked.loss, "accuracy": checked.accuracy, "margin": checked.margin}
        self.directory.append_metrics({"step": self.position.step, "split": split, **figures})
        self._at = time.monotonic()

    def finished(self) -> None:
        """All steps that will be taken are done, be it that training ended early."""
        self.directory.report_progress(self.position.step, self.position.step)
