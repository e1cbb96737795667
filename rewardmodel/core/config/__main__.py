"""`python -m rewardmodel.core.config` prints every setting of a training run as a Markdown page."""

import sys

from rewardmodel.core.config.documentation import settings_as_markdown

INTRODUCTION = """# Settings of a training run

Written by `python -m rewardmodel.core.config`. A config is one flat JSON or TOML object; what is left out has its
default.

"""

if __name__ == "__main__":
    sys.stdout.write(INTRODUCTION + settings_as_markdown())
