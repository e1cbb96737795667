"""The members of an ensemble, trained one after the other within one run: a directory, a seed and a result for each."""

import json
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from rewardmodel.core.checkpoint import MEMBERS
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.config.ensemble import MEAN
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.run_directory import RunDirectory
from rewardmodel.core.settings import SEED_BITS

RESULT = "result.json"


@dataclass(frozen=True)
class MemberResult:
    """What is left of a member's training beside its model.

    Args:
        config_digest: of the config and data that it was trained with.
        digest: of its model.
        steps, tokens, seconds: as `training_state.Position` has them.
        best_loss: lowest validation loss, None without validation; best_step: its step.
    """

    config_digest: str
    digest: str
    steps: int
    tokens: int
    seconds: float
    best_loss: float | None
    best_step: int
    stopped_early: bool

    @staticmethod
    def plain(results: Sequence["MemberResult"]) -> int:
        """Which member stands for all where only one can: the one of the lowest validation loss, else the first."""
        losses = [math.inf if result.best_loss is None else result.best_loss for result in results]
        return losses.index(min(losses))


class MemberDirectory(RunDirectory):
    """One member's checkpoints and model within a run, whose metrics, progress and signals it shares.

    Steps are counted on from those of earlier members, so that one chart shows them all, one after the other.

    Args:
        run: the directory of the whole run.
        index: which member, from 0; count: of how many.
        steps_before: optimizer steps of earlier members.
    """

    def __init__(self, run: RunDirectory, index: int, *, count: int, steps_before: int) -> None:
        self.run, self.index, self.count, self.steps_before = run, index, count, steps_before
        super().__init__(run.path / MEMBERS / str(index), lock_seconds=run.lock_seconds, writes=run.writes)

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True, exist_ok=True)
        return super().__enter__()

    @property
    def should_stop(self) -> bool:
        return self.run.should_stop

    @should_stop.setter
    def should_stop(self, value: bool) -> None:
        self.run.should_stop = self.run.should_stop or value

    def append_metrics(self, values: Mapping[str, Any]) -> None:
        """Add one line to the run's metrics, its step and progress counted over all members."""
        line = dict(values)
        if "step" in line:
            line["step"] += self.steps_before
        if "progress" in line:
            done, total = line["progress"]
            line["progress"] = [self.index * total + done, self.count * total]
        self.run.append_metrics(line)

    def finished(self, *, config_digest: str) -> MemberResult | None:
        """What an earlier attempt made of this member; None if it is still to be trained.

        Raises: InvalidConfig if that was with other settings or data.
        """
        try:
            result = MemberResult(**json.loads((self.path / RESULT).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        if result.config_digest != config_digest:
            raise InvalidConfig(
                f"{self.path} belongs to another config or snapshot. Start a new run, or give back the settings it "
                "began with."
            )
        return result

    def finish(self, result: MemberResult) -> None:
        """Note that the member's model is saved; its checkpoints are no longer needed."""
        self.write_result(asdict(result))
        if self.writes:
            shutil.rmtree(self.checkpoints)


def config_of_member(config: TrainConfig, index: int) -> TrainConfig:
    """The settings of one member: its own seed, and no members of its own."""
    return replace(config, seed=(config.seed + index) % 2**SEED_BITS, members=1, combine=MEAN)


def train_members(
    run: RunDirectory,
    config: TrainConfig,
    *,
    config_digest: str,
    train: Callable[[MemberDirectory, TrainConfig], MemberResult],
) -> list[MemberResult]:
    """Train every member that an earlier attempt has not finished.

    Args:
        config_digest: of the whole run's config and data.
        train: trains one network by its own settings and saves its model in the member's directory.

    Raises: Stopped when asked to; InvalidConfig if members of other settings or data lie there.
    """
    results: list[MemberResult] = []
    for index in range(config.members):
        steps_before = sum(result.steps for result in results)
        with MemberDirectory(run, index, count=config.members, steps_before=steps_before) as member:
            result = member.finished(config_digest=config_digest)
            if result is None:
                result = train(member, config_of_member(config, index))
                member.finish(result)
        results.append(result)
    return results
