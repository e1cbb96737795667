"""Where the installation's secret key comes from: the environment, or a file made at first start."""

import os
import secrets
from pathlib import Path


def load_or_create_secret_key(path: Path) -> str:
    """Return the key kept at `path`, writing a fresh random one (mode 0600) on first use.

    Two processes that start together agree: the file is created exclusively and the loser reads the winner's key.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = secrets.token_urlsafe(64)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_text(fresh)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    return path.read_text().strip()
