"""How the learning rate moves over a run."""

import math


def learning_rate_share(step: int, total_steps: int, *, warmup_fraction: float, schedule: str = "linear") -> float:
    """Part of the peak learning rate that a step gets: up in a line during warm-up, then as the schedule says.

    Args:
        step: 0 for the first, below `total_steps`.
        warmup_fraction: part of all steps that belong to the warm-up, 0 to 1; at least one step does.
        schedule: "linear" falls to 0 in a line, "cosine" along half a wave, "constant" stays at the peak.

    Returns: above 0, at most 1; 1 at the last step of the warm-up.
    Source: cosine: Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5 without restarts.
    """
    warmup = max(1, round(total_steps * warmup_fraction))
    if step < warmup:
        return (step + 1) / warmup
    left = (total_steps - step) / (total_steps - warmup + 1)
    if schedule == "constant":
        return 1.0
    return left if schedule == "linear" else (1 - math.cos(math.pi * left)) / 2
