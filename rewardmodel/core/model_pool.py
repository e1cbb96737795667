"""Which models a scoring process holds: the champion, renewed when another is promoted, and a few asked for by name."""

import json
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rewardmodel.core.errors import ExpectedFailure
from rewardmodel.core.scorer import RewardScorer

MODELS = "reward-models"
CHAMPION = Path(MODELS) / "aliases" / "champion.json"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
SECONDS_BETWEEN_LOOKS = 1.0
OTHER_MODELS_HELD = 2


class NoModel(ExpectedFailure):
    """There is no such model to score with, or not yet."""


@dataclass(frozen=True)
class NamedScorer:
    """A loaded model under the name it was asked by."""

    name: str
    scorer: RewardScorer


class ModelPool:
    """Loads models from PLUMBLINE_HOME/reward-models and follows the champion.

    Promotion writes aliases/champion.json, {"name", "directory"}, atomically. The pool looks at it at most once a
    second and loads a new champion in the background, while the old one goes on answering.

    Args:
        home: PLUMBLINE_HOME.
        load: how a directory becomes a scorer.
    """

    def __init__(self, home: Path, *, load: Callable[[Path], RewardScorer] = RewardScorer.load) -> None:
        self._home = home
        self._load = load
        self._guard = threading.Lock()
        self._loading_others = threading.Lock()
        self._champion: NamedScorer | None = None
        self._seen: tuple[int, int] | None = None
        self._looked_at = 0.0
        self._is_loading = False
        self._problem: str | None = None
        self._others: OrderedDict[str, NamedScorer] = OrderedDict()

    def champion(self) -> NamedScorer:
        """The promoted model.

        Raises: NoModel, saying whether none is promoted, it is being loaded, or it is broken.
        """
        self._look()
        with self._guard:
            if self._champion is not None:
                return self._champion
            if self._is_loading:
                raise NoModel("The champion is being loaded. Ask again in a few seconds.")
            raise NoModel(self._problem or "No reward model is promoted. Promote one to champion, then ask again.")

    def named(self, name: str) -> NamedScorer:
        """A model by name, loaded now if need be; the few used last are kept.

        Raises: NoModel if there is none of that name, BrokenModel if it fails its checks.
        """
        self._look()
        with self._guard:
            if self._champion is not None and self._champion.name == name:
                return self._champion
        directory = self._home / MODELS / name
        if not NAME.fullmatch(name) or not (directory / "plumbline.json").is_file():
            raise NoModel(f"There is no reward model named {name!r}.")
        with self._loading_others:
            if name not in self._others:
                self._others[name] = NamedScorer(name, self._load(directory))
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
                "model": champion.name if champion else None,
                "digest": champion.scorer.digest if champion else None,
                "problem": self._problem,
            }

    def _look(self) -> None:
        """Start loading if champion.json is another file than the one last seen."""
        with self._guard:
            now = time.monotonic()
            if self._is_loading or (self._looked_at and now - self._looked_at < SECONDS_BETWEEN_LOOKS):
                return
            self._looked_at = now
            try:
                status = (self._home / CHAMPION).stat()
            except FileNotFoundError:
                self._champion, self._seen = None, None
                return
            if (status.st_mtime_ns, status.st_ino) == self._seen:
                return
            self._seen = (status.st_mtime_ns, status.st_ino)
            self._is_loading = True
        threading.Thread(target=self._load_champion, name="load-champion", daemon=True).start()

    def _load_champion(self) -> None:
        fresh: NamedScorer | None = None
        problem: str | None = None
        try:
            alias = json.loads((self._home / CHAMPION).read_text(encoding="utf-8"))
            fresh = NamedScorer(str(alias["name"]), self._load(self._home / alias["directory"]))
        except ExpectedFailure as error:
            problem = str(error)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            problem = f"The champion cannot be loaded: {type(error).__name__}: {error}"
        with self._guard:
            self._problem = problem
            self._champion = fresh or self._champion
            self._is_loading = False
