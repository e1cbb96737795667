"""A sweep: many trainings on one snapshot, asked for at once and queued as ordinary runs."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from labeling.models import Person, Snapshot
from rewardmodel.core.config.sweep import (
    Combination,
    Range,
    Values,
    annotations_of_training,
    combinations,
    read_values,
)
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.errors import InvalidSweep, InvalidTraining, NameTaken
from rewardmodel.models import Sweep, SweepRun
from rewardmodel.services.train import NAME, SETTINGS_OF_THE_RUN, check_training, next_free, queue_training, stem_of
from runs.errors import AlreadyFinished
from runs.models import Run
from runs.services.queueing import request_cancel

MOST_RUNS = 100  # of one sweep; each leaves a model on disk
LONGEST_NAME = 100
NAME_TRIES = 5  # at a name of our own that somebody else takes at the same moment
LARGEST_SEED = 2**31 - 1
OF_THE_SWEEP = (*SETTINGS_OF_THE_RUN, "seed", "token_cache")
ANNOTATIONS = {**annotations_of_training(), "reliability": str}


@dataclass(frozen=True)
class QueuedSweep:
    """A sweep, and whether this request made it; an equal one under the same name had made it before otherwise."""

    sweep: Sweep
    is_new: bool


@dataclass(frozen=True)
class Wish:
    """One run that a sweep asks for: what it varies, its seed, and all its settings."""

    varied: Combination
    seed: int
    settings: dict[str, Any]

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps([self.varied, self.seed], sort_keys=True).encode()).hexdigest()


def queue_sweep(
    *,
    snapshot: Snapshot,
    vary: Mapping[str, Any],
    settings: Mapping[str, Any] | None = None,
    seeds: Sequence[int] | None = None,
    draws: int | None = None,
    draw_seed: int = 0,
    name: str = "",
    created_by: Person | None = None,
    client_id: UUID | None = None,
) -> QueuedSweep:
    """Queue a training for each combination of settings and each seed: all of them, or none with the reason.

    Asking the same again under the same name, or from the same page, changes nothing.

    Args:
        vary: values by setting, as `core.config.sweep.read_values` takes them.
        settings: what all runs share, as `queue_training` takes it.
        seeds: of each combination; by default the one seed of the settings.
        draws: how many combinations are drawn; all are taken by default.
        draw_seed: draws them.
        name: of the sweep; its models are named after it, with a number.
        client_id: of the page that asks; its first run is found by it.

    Raises:
        InvalidSweep: `fields` names the setting, or "vary", "draws", "draw_seed", "seeds".
        NameTaken: another sweep or a model has that name.
    """
    shared = dict(settings or {})
    of_all = [shared.pop("seed", 0)] if seeds is None else list(seeds)
    values = read_vary(vary)
    asked = _asked(shared, values, of_all, draws, draw_seed)
    _check_name(name)
    if made := _made_before(name, client_id, snapshot, asked, created_by):
        return QueuedSweep(made, is_new=False)
    wishes = _wishes(shared, values, of_all, draws=draws, draw_seed=draw_seed)
    _check(snapshot, wishes)
    for tries_left in reversed(range(NAME_TRIES)):
        try:
            with transaction.atomic():
                if client_id is not None and created_by is not None:  # of one person's pages one at a time
                    Person.objects.select_for_update(no_key=True).filter(pk=created_by.pk).values("pk").get()
                    if made := _made_before(name, client_id, snapshot, asked, created_by):
                        return QueuedSweep(made, is_new=False)
                sweep = Sweep.objects.create(
                    name=name or _next_name(snapshot), snapshot=snapshot, asked=asked, created_by=created_by
                )
                _queue_runs(sweep, wishes, client_id)
        except IntegrityError:  # the same name was taken in this very moment
            if made := _made_before(name, client_id, snapshot, asked, created_by):
                return QueuedSweep(made, is_new=False)
            if name or not tries_left:
                raise
        else:
            break
    return QueuedSweep(sweep, is_new=True)


def cancel_sweep(sweep: Sweep) -> int:
    """Stop what is left of a sweep; what has ended stays. Twice is harmless. Returns: how many runs were asked."""
    left = sweep.trainings.filter(run__state__in=[Run.State.QUEUED, Run.State.RUNNING]).order_by("-position")
    asked = 0
    for run_id in left.values_list("run_id", flat=True):
        try:
            request_cancel(run_id)
        except AlreadyFinished:
            continue
        asked += 1
    return asked


def read_vary(vary: Mapping[str, Any]) -> dict[str, Values]:
    """The values of each setting, by name. Raises: InvalidSweep."""
    try:
        return {name: read_values(_allowed(name), said, ANNOTATIONS) for name, said in sorted(vary.items())}
    except InvalidConfig as error:
        raise InvalidSweep(str(error), fields={error.field: str(error)}) from error


def _allowed(name: str) -> str:
    if name in OF_THE_SWEEP:
        sentence = _("“%(setting)s” is not varied: the sweep gives each run its own.") % {"setting": name}
        raise InvalidSweep(sentence, fields={name: sentence})
    return name


def _asked(
    settings: Mapping[str, Any], vary: Mapping[str, Values], seeds: Sequence[int], draws: int | None, draw_seed: int
) -> dict[str, Any]:
    ranges = {name: values.to_dict() if isinstance(values, Range) else values for name, values in vary.items()}
    return {"settings": dict(settings), "vary": ranges, "draws": draws, "draw_seed": draw_seed, "seeds": list(seeds)}


def _wishes(
    settings: Mapping[str, Any], vary: Mapping[str, Values], seeds: Sequence[int], *, draws: int | None, draw_seed: int
) -> list[Wish]:
    """Every run that is asked for, the seeds of one combination beside each other. Raises: InvalidSweep."""
    _check_seeds(seeds)
    try:
        found = combinations(vary, ANNOTATIONS, draws=draws, seed=draw_seed, most=MOST_RUNS)
    except InvalidConfig as error:
        raise InvalidSweep(str(error), fields={error.field: str(error)}) from error
    if len(found) * len(seeds) > MOST_RUNS:
        sentence = _("%(combinations)s combinations with %(seeds)s seeds each are %(runs)s runs; at most %(most)s.") % {
            "combinations": len(found),
            "seeds": len(seeds),
            "runs": len(found) * len(seeds),
            "most": MOST_RUNS,
        }
        raise InvalidSweep(sentence, fields={"vary": sentence})
    return [Wish(one, seed, {**settings, **one, "seed": seed}) for one in found for seed in seeds]


def _check_seeds(seeds: Sequence[int]) -> None:
    are_seeds = all(type(seed) is int and 0 <= seed <= LARGEST_SEED for seed in seeds)
    if not seeds or not are_seeds or len(set(seeds)) < len(seeds):
        sentence = _("Seeds are different whole numbers, from 0 to %(largest)s.") % {"largest": LARGEST_SEED}
        raise InvalidSweep(sentence, fields={"seeds": sentence})


def _check(snapshot: Snapshot, wishes: Sequence[Wish]) -> None:
    """Refuse the whole sweep for one run that cannot be, and say which. Raises: InvalidSweep."""
    for wish in wishes:
        try:
            check_training(snapshot=snapshot, chosen=wish.settings)
        except InvalidTraining as error:
            sentence = str(error)
            if len(wish.varied) > 1:
                said = ", ".join(f"{name} {json.dumps(value)}" for name, value in wish.varied.items())
                sentence = _("With %(settings)s: %(reason)s") % {"settings": said, "reason": error}
            raise InvalidSweep(sentence, fields=dict.fromkeys(error.fields, sentence)) from error


def _queue_runs(sweep: Sweep, wishes: Sequence[Wish], client_id: UUID | None) -> None:
    digits = len(str(len(wishes)))
    origin = {"label": sweep.name, "url": f"/reward-models/sweeps/{sweep.name}/", "kind": "sweep"}
    for position, wish in enumerate(wishes, start=1):
        run = queue_training(
            snapshot=sweep.snapshot,
            config=wish.settings,
            name=f"{sweep.name}-{position:0{digits}d}",
            created_by=sweep.created_by,
            lineage=[origin],
            client_id=client_id if position == 1 else None,
        )
        SweepRun.objects.create(
            sweep=sweep, run=run, position=position, varied=wish.varied, seed=wish.seed, digest=wish.digest
        )


def _made_before(
    name: str, client_id: UUID | None, snapshot: Snapshot, asked: Mapping[str, Any], person: Person | None
) -> Sweep | None:
    """The sweep that this very request has made already. Raises: NameTaken when another one has its name."""
    if name:
        made = Sweep.objects.filter(name=name).first()
    else:
        made = Sweep.objects.filter(trainings__run=client_id, created_by=person).first() if client_id else None
    if made is None or (made.snapshot_id == snapshot.pk and made.asked == json.loads(json.dumps(asked))):
        return made
    if not name:
        return None
    raise NameTaken(
        _("There is another sweep “%(name)s” already. Choose another name.") % {"name": made.name},
        fields={"name": _("taken")},
    )


def _check_name(name: str) -> None:
    if name and (not NAME.fullmatch(name) or len(name) > LONGEST_NAME):
        raise InvalidSweep(
            _("“%(name)s” cannot be a sweep's name. Use small letters, digits and hyphens, at most %(most)s.")
            % {"name": name, "most": LONGEST_NAME},
            fields={"name": _("small letters, digits and hyphens")},
        )


def _next_name(snapshot: Snapshot) -> str:
    """The next number of the project."""
    taken = set(Sweep.objects.values_list("name", flat=True))
    return next_free(f"{stem_of(snapshot)}-sweep-", taken)
