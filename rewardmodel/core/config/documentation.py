"""The settings as a table for people, taken from the fields and the docstrings under them."""

import ast
import dataclasses
import inspect
import json
from typing import Any

from rewardmodel.core.config.train import TrainConfig
from rewardmodel.core.settings import Settings


def settings_as_markdown(config: type[Settings] = TrainConfig) -> str:
    """One table for each noun that a config is made of: setting, default, meaning."""
    parts = [part for part in config.__mro__[1:] if issubclass(part, Settings) and part is not Settings]
    return "\n\n".join(_table(part) for part in parts) + "\n"


def meanings(part: type[Settings]) -> dict[str, str]:
    """What each setting that a class itself declares means: the docstring that stands under it, in one line.

    Raises: ValueError for a setting without one.
    """
    (body,) = ast.parse(inspect.getsource(part)).body
    assert isinstance(body, ast.ClassDef)  # noqa: S101  it is the source of a class
    found: dict[str, str] = {}
    for line, following in zip(body.body, [*body.body[1:], None], strict=True):
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            if not (isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)):
                raise ValueError(f"{part.__name__}.{line.target.id} says nothing about itself.")
            found[line.target.id] = " ".join(str(following.value.value).split())
    return found


def _table(part: type[Settings]) -> str:
    defaults = {field.name: field.default for field in dataclasses.fields(part)}
    rows = [f"| `{name}` | {_shown(defaults[name])} | {_cell(text)} |" for name, text in meanings(part).items()]
    title = (part.__doc__ or "").strip().splitlines()[0].rstrip(".")
    return "\n".join([f"## {title}", "", "| setting | default | meaning |", "|---|---|---|", *rows])


def _shown(default: Any) -> str:
    return "needed" if default is dataclasses.MISSING else f"`{json.dumps(default)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
