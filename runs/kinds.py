"""The kinds of run there are. Each app registers its own in `AppConfig.ready()`, importing nothing heavy."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from runs.errors import UnknownKind

if TYPE_CHECKING:
    from runs.models import Run
    from runs.services.progress import Progress


@dataclass(frozen=True, kw_only=True)
class RunKind:
    """How one kind of run is executed.

    A kind works either in the worker (`execute`) or in a child process without Django (`child_module`).

    Args:
        name: what `Run.kind` holds, e.g. "train_reward".
        title: for people; lazy translations are welcome.
        execute: does the work in the worker and returns the result. Calls `progress(done, total)` often: that is where
            a cancelled run stops. May be called again for the same run after a crash, so it must be safe twice.
        child_module: run as `python -m MODULE RUN_DIR` under the child protocol.
        prepare: writes what the child needs into its directory, before every attempt. config.json with `run.config`
            is there already and may be replaced.
        finish: turns the child's result.json into rows and returns the run's result. It runs inside the transaction
            that closes the run, so it happens exactly once or not at all; keep it short, leave digests to the child.
        queue_from_api: `(person, config, title, scope) -> Run`, queues without enqueuing; None keeps the kind out of
            `POST /api/v1/runs/`.
        queue_scheduled: `(config) -> Run | None`, for periodic tasks; None as an answer means nothing to do.
    """

    name: str
    title: Any
    execute: "Callable[[Run, Progress], dict[str, Any] | None] | None" = None
    child_module: str | None = None
    prepare: "Callable[[Run, Path], None] | None" = None
    finish: "Callable[[Run, Path, dict[str, Any]], dict[str, Any]] | None" = None
    queue_from_api: "Callable[..., Run] | None" = None
    queue_scheduled: "Callable[[dict[str, Any]], Run | None] | None" = None

    def __post_init__(self) -> None:
        if (self.execute is None) == (self.child_module is None):
            raise ValueError(f"Kind {self.name!r} needs either execute or child_module.")

    @property
    def computes(self) -> bool:
        """Whether it takes one of the installation's compute slots."""
        return self.child_module is not None


_kinds: dict[str, RunKind] = {}


def register(kind: RunKind) -> None:
    """Make a kind known to this process. Registering the same name again replaces it."""
    _kinds[kind.name] = kind


def kind_named(name: str) -> RunKind:
    """The kind of that name.

    Raises: UnknownKind.
    """
    if name not in _kinds:
        known = ", ".join(sorted(_kinds)) or "none"
        raise UnknownKind(
            _("There is no kind of run called “%(name)s”. Known kinds: %(known)s.") % {"name": name, "known": known}
        )
    return _kinds[name]


def all_kinds() -> dict[str, RunKind]:
    """Every registered kind by name."""
    return dict(_kinds)


def computing_kinds() -> list[str]:
    """The names of the kinds that take a compute slot."""
    return [kind.name for kind in _kinds.values() if kind.computes]
