"""Where a run keeps its files, told by the one argument that a child process gets."""

import json
import os
import tomllib
from pathlib import Path

from rewardmodel.core.errors import InvalidConfig, RunDirectoryBusy
from rewardmodel.core.run_directory import is_held

CONFIG = "config.json"


def directory_of(argument: Path | str) -> Path:
    """The run directory that an argument means, made where there is none yet.

    - a directory is one;
    - a file called config.json lies in one;
    - any other .json or .toml file gets one beside it, of its name without the ending, and its content becomes the
      config there. Relative paths inside stay relative to where the command is run.

    Raises: InvalidConfig if there is nothing of that name, a file that is not TOML says that it is, or the directory
        cannot be made; RunDirectoryBusy if a run with another config is at work there.
    """
    path = Path(argument)
    if path.is_dir():
        return path
    if not path.is_file() or path.suffix not in (".json", ".toml"):
        raise InvalidConfig(f"{path} is neither a run directory nor a config file (.json or .toml).")
    if path.name == CONFIG:
        return path.parent
    directory = path.with_suffix("")
    try:
        content = path.read_bytes()
        if path.suffix == ".toml":
            content = _as_json(content, path)
        directory.mkdir(exist_ok=True)
        place = directory / CONFIG
        if place.exists() and place.read_bytes() != content and is_held(directory):
            raise RunDirectoryBusy(
                f"Another process works in {directory} by another config. Wait until it ends, or name the file anew."
            )
        partial = directory / f".{CONFIG}.{os.getpid()}"  # processes started together all write it, and read it
        partial.write_bytes(content)
        os.replace(partial, place)
    except OSError as error:
        raise InvalidConfig(f"The run directory {directory} of {path} cannot be made: {error}.") from None
    return directory


def _as_json(content: bytes, path: Path) -> bytes:
    """What a TOML file says, as JSON. Raises: InvalidConfig."""
    try:
        return json.dumps(tomllib.loads(content.decode()), ensure_ascii=False, indent=2).encode()
    except TypeError as error:
        raise InvalidConfig(f"{path} holds a value that no setting has: {error}.") from None
    except (ValueError, RecursionError) as error:
        raise InvalidConfig(f"{path} is not TOML: {error}.") from None
