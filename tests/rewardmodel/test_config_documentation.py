"""The page of settings says what the fields say, and every field says something."""

import dataclasses
import subprocess
import sys

import pytest

from rewardmodel.core.config import TrainConfig
from rewardmodel.core.config.documentation import meanings, settings_as_markdown
from rewardmodel.core.settings import Settings
from tests.rewardmodel.trainings import ROOT


def test_the_page_of_settings_is_what_the_command_prints() -> None:
    command = [sys.executable, "-m", "rewardmodel.core.config"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs" / "training-settings.md").read_text(encoding="utf-8") == printed


def test_every_setting_is_on_the_page_once() -> None:
    page = settings_as_markdown()
    for field in dataclasses.fields(TrainConfig):
        assert page.count(f"| `{field.name}` |") == 1


def test_a_setting_that_says_nothing_about_itself_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Silent\.speed says nothing"):
        meanings(Silent)


def test_a_setting_is_shown_with_its_default_and_its_meaning() -> None:
    assert settings_as_markdown(Spoken).splitlines() == [
        "## How fast a thing goes",
        "",
        "| setting | default | meaning |",
        "|---|---|---|",
        "| `metres` | needed | How far, in metres. Not \\| never. |",
        '| `gait` | `"trot"` | How. |',
    ]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gait(Settings):
    """How fast a thing goes."""

    metres: float
    """How far, in metres.
    Not | never."""
    gait: str = "trot"
    """How."""


class Spoken(Gait):
    """Something with a gait."""


@dataclasses.dataclass(frozen=True)
class Silent(Settings):
    """Something."""

    speed: float = 1.0
