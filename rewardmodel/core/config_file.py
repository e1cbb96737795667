"""Where a run keeps its files, told by the one argument that a child process gets."""

import tomllib
from pathlib import Path

from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.run_directory import write_json_atomically

CONFIG = "config.json"


def directory_of(argument: Path | str) -> Path:
    """The run directory that an argument means, made where there is none yet.

    - a directory is one;
    - a file called config.json lies in one;
    - any other .json or .toml file gets one beside it, of its name without the ending, and its content becomes the
      config there. Relative paths inside stay relative to where the command is run.

    Raises: InvalidConfig if there is nothing of that name, or a file that is not TOML says that it is.
    """
    path = Path(argument)
    if path.is_dir():
        return path
    if not path.is_file() or path.suffix not in (".json", ".toml"):
        raise InvalidConfig(f"{path} is neither a run directory nor a config file (.json or .toml).")
    if path.name == CONFIG:
        return path.parent
    directory = path.with_suffix("")
    directory.mkdir(exist_ok=True)
    content = path.read_bytes()
    if path.suffix == ".toml":
        try:
            write_json_atomically(directory / CONFIG, tomllib.loads(content.decode()))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InvalidConfig(f"{path} is not TOML: {error}.") from None
    else:
        (directory / CONFIG).write_bytes(content)
    return directory
