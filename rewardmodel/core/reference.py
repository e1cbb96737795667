"""What a model's rewards mean: mean, spread, uncertainty and temperature on comparisons it has not learned from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

import torch
from torch import Tensor

from rewardmodel.core.calibrate import Calibration, calibrate
from rewardmodel.core.checkpoint import LoadedModel, ModelCard
from rewardmodel.core.config.objective import BRADLEY_TERRY
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.data.training_set import TokenizedComparison, TrainingSet
from rewardmodel.core.ensembles.ensemble import Opinions
from rewardmodel.core.errors import ExpectedFailure
from rewardmodel.core.hardware import TOKENS_PER_BATCH
from rewardmodel.core.model import RewardNetwork
from rewardmodel.core.training.objective import pair_batch

REFERENCE_TEXTS = 512
LEAST_SPREAD = 1e-6


def reference_texts(data: Mapping[str, TrainingSet]) -> list[EncodedText]:
    """The reference set: the first 512 texts of the validation split, or of the train split where that is empty."""
    part = data["validation"] if data["validation"].comparisons else data["train"]
    return list(islice(_texts(part.comparisons), REFERENCE_TEXTS))


def require_finite(values: Iterable[Tensor]) -> None:
    """Refuse weights or rewards that training has carried out of the range of numbers.

    Raises: ExpectedFailure.
    """
    if not all(value.isfinite().all() for value in values):
        raise ExpectedFailure(
            "Training has led to weights or rewards that are not finite numbers, and nothing was saved. Lower "
            "learning_rate, head_learning_rate or weight_decay, and train again."
        )


def measured(
    networks: Sequence[RewardNetwork],
    card: ModelCard,
    data: Mapping[str, TrainingSet],
    *,
    loss: str = BRADLEY_TERRY,
    tie_parameter: float | None = None,
) -> ModelCard:
    """The card with mean, spread and uncertainty over the reference set, and calibrated on the validation split.

    Args:
        networks: the model as `card` combines it.
        data: "train" and "validation", tokenized.
        loss, tie_parameter: what the rewards were trained by, and the tie parameter that training found.

    Returns: a spread of 0 is given as 1; temperature 1 without validation pairs.
    Raises: ExpectedFailure for rewards that are not finite.
    """
    model = LoadedModel(tuple(networks), card, digest="")
    reference = _opinions(model, reference_texts(data))
    require_finite([reference.reward])
    spread = reference.reward.std(correction=0).item()
    calibration = _calibration(model, data["validation"], loss=loss, tie_parameter=tie_parameter)
    return replace(
        card,
        reward_mean=reference.reward.mean().item(),
        reward_std=spread if spread > LEAST_SPREAD else 1.0,
        uncertainty_mean=None if reference.uncertainty is None else reference.uncertainty.mean().item(),
        temperature=calibration.temperature,
        tie_parameter=calibration.tie_parameter,
        calibration_pairs=calibration.pairs,
    )


def _calibration(model: LoadedModel, data: TrainingSet, *, loss: str, tie_parameter: float | None) -> Calibration:
    comparisons = list(data.comparisons)
    rewards = _opinions(model, list(_texts(comparisons))).reward
    pair = pair_batch(comparisons)
    leads = rewards[pair.better] - rewards[pair.worse] if len(pair.better) else torch.zeros(0)
    return calibrate(leads, pair.target, loss=loss, tie_parameter=tie_parameter)


def _opinions(model: LoadedModel, texts: Sequence[EncodedText]) -> Opinions:
    return model.opinions(texts, tokens_per_batch=TOKENS_PER_BATCH[model.network.device.type])


def _texts(comparisons: Iterable[TokenizedComparison]) -> Iterator[EncodedText]:
    return (text for comparison in comparisons for text in comparison.texts)
