"""Average finished reward models into one: `python -m rewardmodel.core.average_models OUT MODEL MODEL … [--data FILE]`.

The models must come from one backbone and read texts alike; their weights are averaged, and what they were made of is
kept in plumbline.json. With `--data`, a snapshot, mean, spread and temperature are measured anew on its validation
split; without, they are the means of the models' own. The last line printed is one JSON object.
Source: Ramé et al. 2024, "WARM", arXiv:2401.12187.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from preferences.errors import PreferenceError
from preferences.pairs import PairRules
from preferences.snapshot import read_manifest, read_snapshot
from preferences.splits import Split
from rewardmodel.core.calibrate import Calibration, mean_calibration
from rewardmodel.core.checkpoint import LoadedModel, ModelCard, load_model, save_model
from rewardmodel.core.config.ensemble import WEIGHTS
from rewardmodel.core.config.objective import BRADLEY_TERRY, LEARNS_FROM, WITH_TIES
from rewardmodel.core.data.training_set import Tokenizing, TrainingSet
from rewardmodel.core.ensembles.averaging import mean_of_weights
from rewardmodel.core.errors import ExpectedFailure, InvalidConfig
from rewardmodel.core.model import RewardNetwork
from rewardmodel.core.reference import measured


def average_models(out: Path, places: Sequence[Path], *, name: str = "", data: Path | None = None) -> dict[str, Any]:
    """Write one model whose weights are the mean of the models'.

    Returns: {"model", "model_directory", "digest", "members", "temperature", "reward_mean", "reward_std"}.
    Raises: InvalidConfig, saying which, if there are fewer than two, one is an ensemble, they do not fit together, the
        place is taken or the data is nowhere; BrokenModel if one fails its checks; DamagedSnapshot.
    """
    if len(places) < 2:
        raise InvalidConfig("Averaging needs two models or more.")
    if out.exists():
        raise InvalidConfig(f"{out} exists already. Choose another place for the average.")
    if data is not None and not data.is_file():
        raise InvalidConfig(f"data: there is no file {data}.", field="data")
    models = [load_model(place) for place in places]
    require_alike(models, places)
    network = averaged(models)
    card = replace(
        mean_card([model.card for model in models]),
        name=name or out.name,
        combine=WEIGHTS,
        members=[{"digest": model.digest, "name": model.card.name} for model in models],
    )
    if data is not None:
        card = _measured_on(data, network, card)
    digest = save_model(network, card, out)
    return {
        "model": card.name,
        "model_directory": str(out),
        "digest": digest,
        "members": len(models),
        "temperature": card.temperature,
        "reward_mean": card.reward_mean,
        "reward_std": card.reward_std,
    }


def averaged(models: Sequence[LoadedModel]) -> RewardNetwork:
    """The first model's network with the mean of all weights, in place."""
    network = models[0].network
    network.model.load_state_dict(mean_of_weights([model.network.model.state_dict() for model in models]))
    return network


def require_alike(models: Sequence[LoadedModel], places: Sequence[Path]) -> None:
    """Raises: InvalidConfig, naming the model, if one cannot be averaged with the first."""
    first = models[0]
    shapes = _shapes(first.network)
    for model, place in zip(models, places, strict=True):
        if model.card.places or model.card.heads:
            raise InvalidConfig(f"{place} is an ensemble itself. Name single models.")
        if model.card.attributes:
            raise InvalidConfig(f"{place} has attribute heads, which are not averaged. Name models without them.")
        if model.network.template.digest != first.network.template.digest:
            raise InvalidConfig(
                f"{place} lays texts out differently from {places[0]}: tokenizer, template or window differ. "
                "Average models that were trained from one backbone with one max_length_tokens."
            )
        if _shapes(model.network) != shapes:
            raise InvalidConfig(
                f"{place} has weights of other names or shapes than {places[0]}. Average models of one backbone."
            )


def mean_card(cards: Sequence[ModelCard]) -> ModelCard:
    """The first card with the means of what all say of their rewards: an estimate, not a measurement."""
    calibration = mean_calibration([Calibration(card.temperature, card.tie_parameter) for card in cards])
    snapshots = {card.snapshot_sha256 for card in cards}
    return replace(
        cards[0],
        reward_mean=sum(card.reward_mean for card in cards) / len(cards),
        reward_std=sum(card.reward_std for card in cards) / len(cards),
        temperature=calibration.temperature,
        tie_parameter=calibration.tie_parameter,
        calibration_pairs=0,
        snapshot_sha256=snapshots.pop() if len(snapshots) == 1 else "",
    )


def _measured_on(data: Path, network: RewardNetwork, card: ModelCard) -> ModelCard:
    """The card as measured on the validation split of a snapshot."""
    manifest = read_manifest(data)
    rules = replace(PairRules.from_dict(card.training.get("pair_rules") or manifest.rules), votes="each")
    loss = card.training.get("loss", BRADLEY_TERRY)
    if loss in WITH_TIES and card.tie_parameter is None:  # others of the models have no model of ties
        loss = BRADLEY_TERRY
    learned_from: dict[Split, PairRules] = {"train": rules, "validation": replace(rules, votes="each")}
    sets: dict[str, TrainingSet] = {
        split: Tokenizing(
            read_snapshot(data, split=split, kind="comparison"),
            rules=rules,
            template=network.template,
            targets={"pairs", LEARNS_FROM[loss]},
        ).in_memory()
        for split, rules in learned_from.items()
    }
    return measured((network,), card, sets, loss=loss, tie_parameter=card.tie_parameter)


def _shapes(network: RewardNetwork) -> dict[str, torch.Size]:
    return {name: weight.shape for name, weight in network.model.state_dict().items()}


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m rewardmodel.core.average_models", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", help="where the average will lie")
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL", help="directory of a finished model")
    parser.add_argument("--name", default="", help="what the average is called; by default as its directory")
    parser.add_argument("--data", type=Path, help="a snapshot, to measure mean, spread and temperature on")
    arguments = parser.parse_args(words)
    try:
        result = average_models(arguments.out, arguments.models, name=arguments.name, data=arguments.data)
    except (ExpectedFailure, PreferenceError) as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
