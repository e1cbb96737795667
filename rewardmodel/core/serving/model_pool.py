"""Which models a scoring process holds: the champion, renewed when another is promoted, and a few asked for by name."""

import json
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewardmodel.core.errors import ExpectedFailure
from rewardmodel.core.scorer import RewardScorer
from rewardmodel.core.serving.batching import Batcher, Limits
from rewardmodel.core.serving.metrics import ServingMetrics

MODELS = "reward-models"
ALIASES = Path(MODELS) / "aliases"
CHAMPION = "champion"
SIDECAR = "plumbline.json"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BETWEEN_ATTEMPTS = 30.0
OTHER_MODELS_HELD = 2
OF_THE_SCORER = ("digest", "template_digest", "precision")

log = logging.getLogger(__name__)


class NoModel(ExpectedFailure):
    """Nothing is promoted that could score."""


class StillLoading(ExpectedFailure):
    """The champion is being loaded."""


class UnknownModel(ExpectedFailure):
    """There is no model of this name."""


@dataclass(frozen=True)
class ServedModel:
    """A loaded model under its name, and the queue before it. Whoever holds it may use it to the end."""

    name: str
    scorer: RewardScorer
    batcher: Batcher

    @property
    def labels(self) -> dict[str, str]:
        """By what its rewards are given: the model's name, sha256 of its files and of how it reads text, precision."""
        return {"model": self.name, **{name: str(getattr(self.scorer, name)) for name in OF_THE_SCORER}}


class ModelPool:
    """Loads models from PLUMBLINE_HOME/reward-models and follows the champion.

    Promotion writes aliases/champion.json, {"name", "directory"}, atomically. The pool looks at it at most once a
    second and loads and verifies a new champion in the background, while the old one goes on answering. One that
    cannot be loaded leaves the old one in place and is tried again every half minute.

    Args:
        home: PLUMBLINE_HOME.
        metrics: where loads and batches are counted.
        limits: how much waits before each model, and how long.
        load: how a directory becomes a scorer.
    """

    def __init__(
        self,
        home: Path,
        *,
        metrics: ServingMetrics | None = None,
        limits: Limits | None = None,
        load: Callable[[Path], RewardScorer] = RewardScorer.load,
    ) -> None:
        self.metrics = metrics or ServingMetrics()
        self._home = home
        self.limits = limits or Limits()
        self._load = load
        self._guard = threading.Lock()
        self._loading_others = threading.Lock()
        self._champion: ServedModel | None = None
        self._seen: tuple[int, int] | None = None
        self._looked_at = self._tried_at = 0.0
        self._is_loading = False
        self._problem: str | None = None
        self._others: OrderedDict[str, ServedModel] = OrderedDict()

    def champion(self) -> ServedModel:
        """The promoted model.

        Raises: StillLoading, or NoModel saying whether none is promoted or it is broken.
        """
        self._look()
        with self._guard:
            if self._champion is not None:
                return self._champion
            if self._is_loading:
                raise StillLoading("The champion is being loaded. Ask again in a few seconds.")
            raise NoModel(self._problem or "No reward model is promoted. Promote one to champion, then ask again.")

    def named(self, name: str) -> ServedModel:
        """A model by name or alias, loaded now if need be; the few used last are kept.

        Raises: UnknownModel if there is none of that name, BrokenModel if it fails its checks.
        """
        if name == CHAMPION:
            return self.champion()
        name = self._resolved(name)
        self._look()
        with self._guard:
            if self._champion is not None and self._champion.name == name:
                return self._champion
        directory = self._home / MODELS / name
        if not NAME.fullmatch(name) or not (directory / SIDECAR).is_file():
            raise UnknownModel(f"There is no reward model named {name!r}.")
        with self._loading_others:
            if name not in self._others:
                self._others[name] = self._loaded(name, directory)
                while len(self._others) > OTHER_MODELS_HELD:
                    self._others.popitem(last=False)
            self._others.move_to_end(name)
            return self._others[name]

    def state(self) -> dict[str, object]:
        """What GET /health says."""
        self._look()
        with self._guard:
            champion = self._champion
            return {
                "status": "ready" if champion else "loading" if self._is_loading else "no-model",
                **(champion.labels if champion else dict.fromkeys(("model", *OF_THE_SCORER))),
                "problem": self._problem,
            }

    def names(self) -> list[tuple[str, int]]:
        """The models on disk with the time each was made, in seconds since 1970, by name."""
        sidecars = (self._home / MODELS).glob(f"*/{SIDECAR}")
        found = [(file.parent.name, int(file.stat().st_mtime)) for file in sidecars]
        return sorted((name, made) for name, made in found if NAME.fullmatch(name))

    def metrics_text(self) -> str:
        """What GET /metrics says."""
        with self._guard:
            champion = self._champion
            held = [*self._others.values(), *([champion] if champion else [])]
        waiting = sum(model.batcher.waiting_texts for model in held)
        return self.metrics.text(waiting_texts=waiting, champion=champion.labels if champion else None)

    def _resolved(self, name: str) -> str:
        """The model that an alias points to, or the name itself."""
        if not NAME.fullmatch(name) or not (self._home / ALIASES / f"{name}.json").is_file():
            return name
        return str(self._alias(name)["name"])

    def _alias(self, alias: str) -> dict[str, Any]:
        return dict(json.loads((self._home / ALIASES / f"{alias}.json").read_text(encoding="utf-8")))

    def _loaded(self, name: str, directory: Path) -> ServedModel:
        try:
            scorer = self._load(directory)
        except Exception:
            self.metrics.count_load("failed")
            raise
        self.metrics.count_load("loaded")
        return ServedModel(name, scorer, Batcher(scorer, limits=self.limits, metrics=self.metrics))

    def _look(self) -> None:
        """Start loading if champion.json is another file than the one last seen, or if what it names was broken."""
        with self._guard:
            now = time.monotonic()
            if self._is_loading or (self._looked_at and now - self._looked_at < SECONDS_BETWEEN_LOOKS):
                return
            self._looked_at = now
            try:
                status = (self._home / ALIASES / f"{CHAMPION}.json").stat()
            except FileNotFoundError:
                self._champion, self._seen, self._problem = None, None, None
                return
            seen = (status.st_mtime_ns, status.st_ino)
            if seen == self._seen and not (self._problem and now - self._tried_at >= SECONDS_BETWEEN_ATTEMPTS):
                return
            self._seen, self._tried_at = seen, now
            self._is_loading = True
        threading.Thread(target=self._load_champion, name="load-champion", daemon=True).start()

    def _load_champion(self) -> None:
        fresh: ServedModel | None = None
        problem: str | None = None
        try:
            alias = self._alias(CHAMPION)
            fresh = self._loaded(str(alias["name"]), self._home / alias["directory"])
        except ExpectedFailure as error:
            problem = str(error)
        except Exception as error:  # whatever a damaged file makes a library raise, the old champion must go on
            log.exception("the champion cannot be loaded")
            problem = f"The champion cannot be loaded: {type(error).__name__}: {error}"
        with self._guard:
            self._problem = problem
            self._champion = fresh or self._champion
            self._is_loading = False
