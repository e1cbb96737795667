"""From trained networks to a saved model: opinions put on one scale, rewards measured, files written."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rewardmodel.core.attribute_heads import AttributeHeads, write_weighted_head
from rewardmodel.core.average_models import averaged
from rewardmodel.core.calibrate import Calibration, mean_calibration
from rewardmodel.core.checkpoint import MEMBERS, ModelCard, load_model, save_ensemble, save_model
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.config.ensemble import WEIGHTS
from rewardmodel.core.data.training_set import TrainingSet
from rewardmodel.core.ensembles.ensemble import common_scales, read_members
from rewardmodel.core.ensembles.heads import on_one_scale, write_mean_head
from rewardmodel.core.hardware import TOKENS_PER_BATCH
from rewardmodel.core.head_bank import HeadBank
from rewardmodel.core.model import RewardNetwork
from rewardmodel.core.reference import measured, reference_texts, require_finite


def finish_network(
    network: RewardNetwork,
    card: ModelCard,
    data: Mapping[str, TrainingSet],
    place: Path,
    *,
    config: TrainConfig,
    tie_parameter: float | None,
) -> tuple[str, ModelCard]:
    """Measure and save one network, its heads on one scale or summed by weight if it has several.

    Args:
        card: what is known of it before its rewards are measured.
        data: "train" and "validation".
        tie_parameter: as training found it.

    Returns: the digest of the saved model, and its card.
    Raises: ExpectedFailure for weights or rewards that are not finite.
    """
    require_finite([*network.model.parameters(), *network.heads.parameters()])
    if isinstance(network.heads, HeadBank):
        texts, tokens = reference_texts(data), TOKENS_PER_BATCH[network.device.type]
        on_one_scale(network.heads, read_members((network,), texts, tokens_per_batch=tokens))
        write_mean_head(network, network.heads)
        card = replace(card, combine=config.combine, uncertainty_penalty=config.uncertainty_penalty)
    elif isinstance(network.heads, AttributeHeads):
        write_weighted_head(network, network.heads)
    card = measured((network,), card, data, loss=config.loss, tie_parameter=tie_parameter)
    return save_model(network, card, place), card


def finish_members(
    members: Sequence[Path],
    card: ModelCard,
    data: Mapping[str, TrainingSet],
    place: Path,
    *,
    config: TrainConfig,
    plain: int,
    device: str,
) -> tuple[str, ModelCard]:
    """Make one model of finished members: an ensemble, or for "weights" the average of their weights.

    Args:
        members: directories of their models.
        plain: which of them a plain loader finds in an ensemble.

    Returns: the digest of the saved model, and its card.
    """
    models = [load_model(member, device=device) for member in members]
    networks = [model.network for model in models]
    parts = [Calibration(model.card.temperature, model.card.tie_parameter) for model in models]
    tie_parameter = mean_calibration(parts).tie_parameter
    lineage = [{"digest": model.digest, "seed": model.card.training.get("seed")} for model in models]
    card = replace(card, combine=config.combine, uncertainty_penalty=config.uncertainty_penalty)
    if config.combine == WEIGHTS:
        network = averaged(models)
        card = replace(card, members=lineage)
        card = measured((network,), card, data, loss=config.loss, tie_parameter=tie_parameter)
        return save_model(network, card, place), card
    texts, tokens = reference_texts(data), TOKENS_PER_BATCH[networks[0].device.type]
    scales = common_scales(read_members(networks, texts, tokens_per_batch=tokens))
    card = replace(
        card,
        members=[
            {**known, "directory": f"{MEMBERS}/{index}", "factor": scale.factor, "shift": scale.shift}
            for index, (known, scale) in enumerate(zip(lineage, scales, strict=True))
        ],
    )
    card = measured(networks, card, data, loss=config.loss, tie_parameter=tie_parameter)
    return save_ensemble(networks, members, card, place, plain=plain), card
