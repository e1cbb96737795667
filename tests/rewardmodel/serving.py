"""What the tests of the scoring server share: a home with two models, and how to ask."""

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rewardmodel.core.run_directory import write_json_atomically
from rewardmodel.core.serving.serve import ScoringApplication
from tests.rewardmodel.test_checkpoint import save

ITEM = {"prompt": "how do i boil an egg", "response": "good"}
PATIENCE_SECONDS = 60.0


def make_home(backbone: Path, home: Path) -> Path:
    """A PLUMBLINE_HOME with the models "first" and "second"."""
    (home / "reward-models").mkdir()
    for seed, name in enumerate(("first", "second")):
        save(backbone, home / "reward-models" / name, seed=seed)
    return home


def promote(home: Path, name: str) -> None:
    (home / "reward-models" / "aliases").mkdir(exist_ok=True)
    write_json_atomically(
        home / "reward-models" / "aliases" / "champion.json", {"name": name, "directory": f"reward-models/{name}"}
    )


def wait_until(claim: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not claim() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert claim()


def call(application: ScoringApplication, path: str, body: Any = None, **more: str) -> tuple[int, Any]:
    """Status and JSON of an answer; `more` goes into the request's environ, `method` names another method."""
    status, _headers, content = call_for_headers(application, path, body, **more)
    return status, json.loads(content)


def call_for_headers(
    application: ScoringApplication, path: str, body: Any = None, *, method: str = "", **more: str
) -> tuple[int, dict[str, str], str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    started: list[tuple[str, dict[str, str]]] = []
    environ = {
        "PATH_INFO": path,
        "REQUEST_METHOD": method or ("POST" if body is not None else "GET"),
        "wsgi.input": io.BytesIO(raw),
        **more,
    }

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started.append((status, dict(headers)))

    content = b"".join(application(environ, start_response))
    ((status, headers),) = started
    return int(status.split()[0]), headers, content.decode()
