"""Which route the comparisons of a run take, and why not another."""

import inspect
from collections.abc import Sequence

import torch

from rewardmodel.core.config.compute import AUTO, PACKED, PADDED, ROUTES, SHARED
from rewardmodel.core.data.comparison import TokenizedComparison
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.model import POOLED, RewardNetwork
from rewardmodel.core.routes.attention import HALF, NotSegmented, attend_by_segments, compute_dtype
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.routes.route import Route
from rewardmodel.core.routes.segmented import SegmentedRoute, pooler_of

COMPARISONS_LOOKED_AT = 256
COMPARISONS_CHECKED = 2
TOLERANCE = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 5e-2}
"""Largest difference between features by two routes, as a part of the largest feature, for each precision."""


class RouteRefused(Exception):
    """A model cannot take a route. The message is the reason, a clause."""


def choose_route(network: RewardNetwork, *, wanted: str = AUTO, comparisons: Sequence[TokenizedComparison]) -> Route:
    """The route that is wanted, or with "auto" the one that computes the fewest tokens; padded where that cannot be.

    Before a route without padding is taken, its features of two comparisons are compared with those of padded rows, in
    the precision of the caller's autocast. A model that reads across texts, or in a way that nobody foresaw, shows it
    there.

    Args:
        wanted: "auto", "padded", "packed" or "shared".
        comparisons: what will be trained on; about 256 of them are looked at, and two are computed.

    Returns: a route whose `reason` says why it is this one.
    Raises: InvalidConfig for a route that nobody knows.
    """
    if wanted not in ROUTES:
        raise InvalidConfig(f"route is {wanted!r}; it must be one of {', '.join(ROUTES)}.")
    if wanted == PADDED or not comparisons:
        return PaddedRoute(reason="as wanted" if wanted == PADDED else "there is nothing to compare routes on")
    sample = [comparisons[place] for place in range(0, len(comparisons), -(-len(comparisons) // COMPARISONS_LOOKED_AT))]
    refusals = []
    for name in (SHARED, PACKED) if wanted in (AUTO, SHARED) else (PACKED,):
        try:
            if wanted == AUTO:
                require_speed(network)
            require_segments(network, name)
            route = SegmentedRoute(name, reason_for(name, sample, wanted))
            require_equal_features(network, route, sample)
        except RouteRefused as refusal:
            refusals.append(f"{name} is not possible: {refusal}")
        else:
            return SegmentedRoute(name, "; ".join([route.reason, *refusals]))
    return PaddedRoute(reason="; ".join(refusals))


def require_speed(network: RewardNetwork) -> None:
    """Raises: RouteRefused where rows without padding can be computed, but not fast."""
    if network.device.type == "cuda" and not flash_runs(network):
        raise RouteRefused(
            "on CUDA it is fast only in bf16 or fp16, without dropout, on a device of compute capability 8.0 or more"
        )


def flash_runs(network: RewardNetwork) -> bool:
    """Whether torch's flash kernel for rows without padding can compute this network's attention here."""
    probe = next(network.model.parameters())
    capable = probe.is_cuda and torch.cuda.get_device_capability(probe.device) >= (8, 0)
    return capable and compute_dtype(probe) in HALF and not has_dropout(network)


def has_dropout(network: RewardNetwork) -> bool:
    names = ("attention_dropout", "attention_probs_dropout_prob", "attn_pdrop")
    return any(getattr(network.model.config, name, None) for name in names)


def require_segments(network: RewardNetwork, name: str) -> None:
    """Set the model to attend by segments.

    Raises: RouteRefused, with the reason, for a model that cannot.
    """
    model = network.model
    text_config = model.config.get_text_config()
    kinds = set(getattr(text_config, "layer_types", None) or ["full_attention"])
    window = getattr(text_config, "sliding_window", None)
    if kinds - {"full_attention", "sliding_attention"}:
        raise RouteRefused(f"{type(model).__name__} has layers of {', '.join(sorted(kinds))}, which read across texts")
    if "sliding_attention" in kinds and window and window < network.template.max_length_tokens:
        raise RouteRefused(f"some layers see only {window} tokens, and texts have up to the window of the model")
    if name == SHARED and network.reads_at == POOLED:
        raise RouteRefused("an encoder's prompt sees the response, so that no two texts have the same beginning")
    if (
        network.reads_at == POOLED
        and pooler_of(model) is None
        and not hasattr(getattr(model, "classifier", None), "dense")
    ):
        raise RouteRefused(f"{type(model).__name__} pools in a way of its own")
    if "position_ids" not in inspect.signature(model.base_model.forward).parameters:
        raise RouteRefused(f"{type(model).__name__} takes no positions")
    try:
        attend_by_segments(model)
    except NotSegmented as refusal:
        raise RouteRefused(str(refusal)) from None


def require_equal_features(network: RewardNetwork, route: Route, comparisons: Sequence[TokenizedComparison]) -> None:
    """Compute the comparisons of middle length by this route and padded.

    Raises: RouteRefused if features differ, or if the model fails on the route.
    """
    by_length = sorted(comparisons, key=lambda comparison: comparison.tokens)
    middle = max(0, len(by_length) // 2 - COMPARISONS_CHECKED // 2)
    checked = by_length[middle : middle + COMPARISONS_CHECKED]
    was_training = network.model.training
    network.model.eval()
    try:
        with torch.no_grad():
            expected = PaddedRoute().features(network, checked)
            try:
                found = route.features(network, checked)
            except Exception as error:  # any model class may fail in any way; padded rows always work
                raise RouteRefused(f"{type(network.model).__name__} fails on it ({error})") from error
    finally:
        network.model.train(was_training)
    difference = ((found - expected).abs().max() / expected.abs().max().clamp(min=1e-6)).item()
    if not difference <= TOLERANCE[compute_dtype(next(network.model.parameters()))]:
        raise RouteRefused(
            f"features of {type(network.model).__name__} would differ by {difference:.1%} from padded rows"
        )


def reason_for(name: str, comparisons: Sequence[TokenizedComparison], wanted: str) -> str:
    """How many tokens the route computes beside the padded one."""
    costs = [sum(route.cost(item.texts) for item in comparisons) for route in (SegmentedRoute(name), PaddedRoute())]
    share = f"{costs[0] / costs[1]:.0%} of the tokens of padded rows"
    return f"as wanted, {share}" if wanted == name else f"the fewest tokens, {share}"
