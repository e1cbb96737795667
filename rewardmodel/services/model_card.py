"""README.md beside the weights: what the model is, where it comes from and how far to trust it."""

from pathlib import Path
from typing import Any

from rewardmodel.models import RewardModel

CARD = """---
library_name: transformers
pipeline_tag: text-classification
tags: [reward-model, preference]
---
# {name}

A reward model: `AutoModelForSequenceClassification` with one output, in nats. Only differences between answers to one
prompt mean something; sigmoid(difference / {temperature:.3f}) is the probability that people prefer the first.

| | |
|---|---|
| backbone | {backbone} |
| trained on | snapshot `{snapshot}` of project {project}, {comparisons} comparisons, {pairs_trained} pairs |
| held out | {split} split, {pairs} pairs of {prompts} prompts |
| accuracy | {accuracy} |
| the longer answer wins | {longer} |
| people agree | {agreement} |
| log loss, calibration error | {log_loss}, {ece} |
| files | sha256 `{digest}` |

How a prompt and a response are laid out, where the reward is read, what is cut, and golden texts with their rewards:
`plumbline.json`. A server that loads the model reproduces those rewards or refuses to start.

It measures what the annotators of this project preferred under its guidelines. It knows nothing of facts, and a policy
trained hard against it will find what it gets wrong: keep people judging what that policy writes.
"""


def write_model_card(model: RewardModel, result: dict[str, Any], directory: Path) -> None:
    """Write README.md into the model's directory; writing it again gives the same."""
    trained = result.get("data", {}).get("train", {})
    snapshot = model.snapshot
    text = CARD.format(
        name=model.name,
        backbone=model.backbone,
        snapshot=snapshot.content_sha256 if snapshot else "–",
        project=snapshot.project.slug if snapshot else "–",
        comparisons=trained.get("comparisons", "–"),
        pairs_trained=trained.get("pairs", "–"),
        split=result.get("split") or "no",
        pairs=result.get("pairs", 0),
        prompts=result.get("prompts", 0),
        accuracy=_interval(result),
        longer=_figure(result.get("baselines", {}).get("longer")),
        agreement=_figure(result.get("agreement")),
        log_loss=_figure(result.get("log_loss")),
        ece=_figure(result.get("ece")),
        temperature=result.get("temperature") or 1.0,
        digest=model.digest,
    )
    (directory / "README.md").write_text(text, encoding="utf-8")


def _interval(result: dict[str, Any]) -> str:
    if result.get("accuracy") is None:
        return "not measured: nothing was held out"
    return f"{result['accuracy']:.3f} (95 % {result['accuracy_low']:.3f} – {result['accuracy_high']:.3f})"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
