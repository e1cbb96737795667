"""README.md beside the weights: what the model is, where it comes from and how far to trust it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rewardmodel.models import Evaluation, RewardModel

Figures = Mapping[str, Any]
SLICES = {
    "strength": "strength", "length_ratio": "longer response, times the shorter", "prompt_length": "prompt, characters",
    "responses": "responses", "policies": "policies", "script": "script", "uncertainty": "uncertainty",
}  # fmt: skip
FLOORS = {
    "longer": "the longer answer wins",
    "words": "words and length (Bradley–Terry, no neural network)",
    "chance": "a coin",
}
VERDICTS = {
    "earned": "It is above every text-only floor, 95 % sure.",
    "not shown": "**It has not been shown to earn its keep:** on these pairs it cannot be told from {against}.",
    "below": "**It does not earn its keep:** on these pairs {against} is surely better.",
    "unknown": "Too few pairs were held out to hold it against a text-only floor.",
}
CARD = """---
library_name: transformers
pipeline_tag: text-classification
tags: [reward-model, preference]
---
# {name}

A reward model: `AutoModelForSequenceClassification` with one output, in nats. Only differences between answers to one
prompt mean something; sigmoid(difference / {temperature:.3f}) is the probability that people prefer the first.

## Where it comes from
| | |
|---|---|
| backbone | {backbone} |
| trained on | snapshot `{snapshot}` of project {project}, {comparisons} comparisons, {pairs_trained} pairs |
| left out | {left_out} |
| rules | {rules} |
| settings | {settings} |
| files | sha256 `{digest}` |

## How good it is
Held out: {split} split, {pairs} pairs of {prompts} prompts. Intervals are 95 %, by drawing prompts.

| | |
|---|---|
| accuracy | {accuracy} |
{floors}
| two people agree | {agreement} |
| one person, with most of the others | {person} |
| the model, with the same | {beside} |
| log loss, in nats | {log_loss} |
| Brier score | {brier} |
| calibration error (ECE) | {ece} |

{verdict}
{slices}{attributes}
{evaluations}
## How to use it
```python
from transformers import AutoModelForSequenceClassification, AutoTokenizer

model = AutoModelForSequenceClassification.from_pretrained("{name}")
tokenizer = AutoTokenizer.from_pretrained("{name}")
```
{opinions}How a prompt and a response are laid out, where the reward is read, what is cut, and golden texts with their
rewards: `plumbline.json`. A server that loads the model reproduces those rewards or refuses to start.

## What it is not
It measures what the annotators of this project preferred under its guidelines. It knows nothing of facts, and a policy
trained hard against it will find what it gets wrong: keep people judging what that policy writes. Accuracy on pairs
says little of responses that no annotator has seen, nor of languages and kinds of prompt that it was not measured on.

The licences of the backbone and of the texts it learned from are not known to the platform, and bind whoever uses the
model: look them up before you pass it on.
"""


def write_model_card(model: RewardModel, result: Figures, directory: Path) -> None:
    """Write README.md into the model's directory; writing it again gives the same.

    Args: result: what its training reported.
    """
    (directory / "README.md").write_text(card_text(model, result, model.evaluations.all()), encoding="utf-8")


def training_report(model: RewardModel) -> Figures:
    """What the training of a model reported: its run's result, or the figures kept beside the model."""
    return model.run.result if model.run and model.run.result else model.metrics


def card_text(model: RewardModel, result: Figures, evaluations: Iterable[Evaluation] = ()) -> str:
    """The card as Markdown: lineage, rules, figures with intervals, floors, slices, limits, how to load it.

    Args:
        result: what its training reported.
        evaluations: those of the model that the reader may know of.
    """
    trained = (result.get("data") or {}).get("train") or {}
    snapshot = model.snapshot
    people = (result.get("people") or {}).get("beside_one_person") or {}
    agreement = (result.get("people") or {}).get("agreement") or {"value": result.get("agreement")}
    calibration = result.get("calibration") or {}
    return CARD.format(
        name=model.name,
        backbone=_cell(model.backbone),
        snapshot=snapshot.content_sha256 if snapshot else "–",
        project=snapshot.project.slug if snapshot else "–",
        comparisons=trained.get("comparisons", "–"),
        pairs_trained=trained.get("pairs", "–"),
        left_out=", ".join(f"{n} × {_cell(why)}" for why, n in (trained.get("left_out") or {}).items()) or "nothing",
        rules=_named((snapshot.manifest.get("rules") if snapshot else None) or {}),
        settings=_named(model.config) or "defaults",
        split=result.get("split") or "no",
        pairs=result.get("pairs") or 0,
        prompts=result.get("prompts") or 0,
        accuracy=_accuracy(result),
        floors="\n".join(_floor_lines(result)),
        agreement=_figure(agreement),
        person=_figure(people.get("person")),
        beside=_figure(people.get("model")),
        log_loss=_figure(calibration.get("log_loss") or {"value": result.get("log_loss")}),
        brier=_figure(calibration.get("brier") or {"value": result.get("brier")}),
        ece=_figure(calibration.get("ece") or {"value": result.get("ece")}),
        verdict=_verdict(result),
        slices=_slices(result.get("slices") or []),
        attributes=_attributes(result.get("attributes") or []),
        evaluations=_evaluations(model, evaluations),
        opinions=_opinions(model.config),
        temperature=result.get("temperature") or 1.0,
        digest=model.digest,
    )


def _opinions(config: Figures) -> str:
    """What these lines load of a model with several heads or members; nothing to say of a single one."""
    combine = config.get("combine", "mean")
    if config.get("members", 1) > 1 and combine != "weights":
        return (
            f"These lines load one of its {config['members']} members, on a scale of its own. The platform's reward, "
            f"and the figures above, are the members' {combine} on one scale (`members/`, `plumbline.json`).\n\n"
        )
    if config.get("heads", 1) > 1:
        same = "that is the platform's reward" if combine == "mean" else f"the platform's reward is their {combine}"
        return f"These lines load the mean of its {config['heads']} heads (`heads.safetensors`); {same}.\n\n"
    if config.get("attribute_heads"):
        return (
            "These lines load the reward, the weighted sum of a head for each attribute. The heads themselves lie in "
            "`heads.safetensors`; mean and std in `plumbline.json` turn what they say into ratings.\n\n"
        )
    return ""


def _floor_lines(result: Figures) -> list[str]:
    floors: Sequence[Figures] = result.get("floors") or [
        {"name": "longer", "accuracy": {"value": (result.get("baselines") or {}).get("longer")}}
    ]
    return [f"| {FLOORS[floor['name']]} | {_figure(floor['accuracy'])} |" for floor in floors]


def _verdict(result: Figures) -> str:
    earned = result.get("earned") or {"verdict": "unknown", "against": None}
    return VERDICTS[earned["verdict"]].format(against=FLOORS.get(earned["against"] or "", ""))


def _slices(slices: Sequence[Figures]) -> str:
    lines = [
        f"| {_cell(one.get('key') or SLICES[one['by']])} | {_cell(row['label'])} | {_figure(row)} | {row['n']} |"
        for one in slices
        for row in one["rows"]
    ]
    return "\n".join(["\n| by | part | accuracy | pairs |", "|---|---|---|---|", *lines, ""]) if lines else ""


def _attributes(attributes: Sequence[Figures]) -> str:
    """How well each head predicts the ratings of its attribute; nothing of a model without such heads."""
    lines = [
        f"| {_cell(one['name'])} | {one['weight']:+.3f} | {_figure(one['pearson'])} | {_figure(one['spearman'])} "
        f"| {_figure(one['rmse'])} | {_figure({'value': one['spread']})} | {one['rmse']['n']} |"
        for one in attributes
    ]
    if not lines:
        return ""
    named = "| attribute | part of the reward | Pearson | Spearman | error (RMSE) | spread of ratings | ratings |"
    return "\n".join(["", named, "|---|---|---|---|---|---|---|", *lines, ""])


def _evaluations(model: RewardModel, evaluations: Iterable[Evaluation]) -> str:
    by_age = sorted(evaluations, key=lambda one: (one.created_at, one.pk))
    others = [one for one in by_age if one.run_id != model.run_id]
    lines = [f"| {_cell(one.data)} | {_accuracy(one.metrics)} | {one.metrics.get('pairs') or 0} |" for one in others]
    if not lines:
        return ""
    return "\n".join(["\n## Elsewhere\n| data | accuracy | pairs |", "|---|---|---|", *lines, ""])


def _accuracy(result: Figures) -> str:
    if result.get("accuracy") is None:
        return "not measured: nothing was held out"
    return f"{result['accuracy']:.3f} ({result['accuracy_low']:.3f} – {result['accuracy_high']:.3f})"


def _figure(figure: Figures | None) -> str:
    if not figure or figure.get("value") is None:
        return _cell(str((figure or {}).get("reason") or "–"))
    interval = "" if figure.get("low") is None else f" ({figure['low']:.3f} – {figure['high']:.3f})"
    return f"{figure['value']:.3f}{interval}"


def _named(values: Mapping[str, Any]) -> str:
    return _cell(", ".join(f"{name} {value}" for name, value in sorted(values.items())))


def _cell(text: str) -> str:
    """Text as it may stand in a table of Markdown: on one line, without what ends a cell or begins a tag."""
    return " ".join(str(text).split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
