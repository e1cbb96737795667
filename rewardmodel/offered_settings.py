"""Which settings of a training the pages offer, in which groups, and what each means.

What a setting means is told where it is defined, in `rewardmodel.core.config`; pages and docs take it from there.
"""

from django.utils.translation import gettext_noop

from rewardmodel.core.config import TrainConfig
from rewardmodel.core.config.documentation import meanings
from rewardmodel.core.settings import Settings

# Heading, and the settings below it. "reliability" is the platform's own: see `services.train`.
GROUPS = (
    (gettext_noop("What it learns"), ("loss", "label_smoothing", "centering", "reliability", "long_rows")),
    (gettext_noop("What is trained"), ("frozen_layers", "lora_rank")),
    (gettext_noop("Several opinions"), ("heads", "members", "combine", "uncertainty_penalty")),
    (
        gettext_noop("How it is trained"),
        ("epochs", "learning_rate", "head_learning_rate", "schedule", "layer_decay", "early_stopping", "seed"),
    ),
)
ALWAYS = ("backbone", "max_length_tokens")
RELIABILITY_MEANS = gettext_noop(
    "How much each annotator's judgments count, computed from the train split when the run begins: by a model of "
    "annotators, or all alike."
)


def offered() -> list[str]:
    """Every setting that the form has, in its order."""
    return [*ALWAYS, *(name for _heading, names in GROUPS for name in names)]


def meaning_of(name: str) -> str:
    """What a setting means, in English, as its definition says it."""
    return RELIABILITY_MEANS if name == "reliability" else _MEANINGS[name]


_MEANINGS = {
    name: text
    for part in TrainConfig.__mro__
    if issubclass(part, Settings) and part not in (Settings, TrainConfig)
    for name, text in meanings(part).items()
}
