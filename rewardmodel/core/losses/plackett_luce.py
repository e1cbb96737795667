"""Plackett–Luce: a ranking is made by choosing the best, then the best of what is left, and so on.

Notation: a ranking is a list of tie groups, best first, over indices into rewards; what it does not name stands below
all that it names, in an order that nobody told. A stage is one of the choices that it is made of.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from rewardmodel.core.hardware import sent

MOST_TIED_IN_EVERY_ORDER = 6


@dataclass(frozen=True)
class Stage:
    """One choice: any of the first `candidates` members, by equal shares, was preferred to all members together.

    Args:
        members: what could be chosen, as indices into rewards.
        candidates: how many of them, from the first on, were candidates to be the one chosen.
        weight: how much the choice counts.
        left: part of each candidate's strength that still stands in the choice, 0 < left ≤ 1.
    """

    members: tuple[int, ...]
    candidates: int
    weight: float
    left: float = 1.0


@dataclass(frozen=True)
class StageBatch:
    """Stages as tensors: members (int64), log_left and share of shape (S, M), weight of shape (S,), float32.

    log_left is the log of the part of a member that stands in the choice, -inf where a row has fewer than M members.
    share is what part of the choice falls to the member; a row sums to 1.
    """

    members: Tensor
    log_left: Tensor
    share: Tensor
    weight: Tensor

    def to(self, device: torch.device) -> "StageBatch":
        return StageBatch(*(sent(getattr(self, name), device) for name in self.__dataclass_fields__))


def plackett_luce_nats(rewards: Tensor, stages: StageBatch) -> Tensor:
    """What each choice costs: log of the sum of e^reward over all that could be chosen, less the reward of the chosen.

    Args:
        rewards: shape (B,), in nats.
        stages: the choices that rankings of them are made of (see `stages_of`).

    Returns: shape (S,), in nats. Over the K - 1 stages of a ranking without ties they sum to log K! when all rewards
        are equal; with K = 2 to the cost of Bradley & Terry.
    Raises: ValueError if rewards are not of shape (B,).
    Source: Plackett 1975, Appl. Stat. 24 (2), 193-202; Luce 1959; rankings of the first n of K: Hunter 2004,
        Ann. Stat. 32 (1), 384-406.
    """
    if rewards.dim() != 1:
        raise ValueError(f"rewards must have shape (B,), not {tuple(rewards.shape)}.")
    each = rewards[stages.members]
    return torch.logsumexp(each + stages.log_left, dim=1) - (each * stages.share).sum(dim=1)


def stages_of(groups: Sequence[Sequence[int]], below: Sequence[int] = (), *, weight: float = 1.0) -> Iterator[Stage]:
    """The choices that one ranking is made of.

    A tie says each order of its group as loudly as the other: the ranking costs the mean over those orders (a
    cross-entropy between distributions over orders, as in ListNet: Cao et al. 2007). Two tied responses alone cost
    what a Bradley–Terry pair with target 0.5 does. Up to six tied responses are taken in every order, by the subsets
    that may be left at each choice (63 at most). For more, the mean over subsets of one size is replaced by the subset
    of mean strength, which costs at least as much and the same where the tied rewards are equal (Efron 1977, J. Am.
    Stat. Assoc. 72 (359), 557-565, for tied failures).

    Args:
        groups: tie groups, best first; no index twice.
        below: what stands below all of them, in an order that nobody told.
        weight: how much the ranking counts.
    """
    rest = [index for group in groups for index in group] + list(below)
    for group in groups:
        rest = rest[len(group) :]
        size = len(group)
        for left in range(size, 0, -1):
            if left + len(rest) == 1:
                continue
            if size > MOST_TIED_IN_EVERY_ORDER:
                yield Stage((*group, *rest), size, weight, left / size)
                continue
            part = weight / math.comb(size, left)
            for subset in combinations(group, left):
                yield Stage((*subset, *rest), left, part)


def stage_batch(stages: Sequence[Stage]) -> StageBatch:
    """Stages as tensors, short rows filled up with members that are not there."""
    longest = max((len(stage.members) for stage in stages), default=1)
    members, log_left, share = [], [], []
    for stage in stages:
        others, missing = len(stage.members) - stage.candidates, longest - len(stage.members)
        members.append((*stage.members, *[stage.members[0]] * missing))
        log_left.append([math.log(stage.left)] * stage.candidates + [0.0] * others + [-math.inf] * missing)
        share.append([1 / stage.candidates] * stage.candidates + [0.0] * (others + missing))
    return StageBatch(
        torch.tensor(members, dtype=torch.int64).reshape(-1, longest),
        torch.tensor(log_left, dtype=torch.float32).reshape(-1, longest),
        torch.tensor(share, dtype=torch.float32).reshape(-1, longest),
        torch.tensor([stage.weight for stage in stages], dtype=torch.float32),
    )
