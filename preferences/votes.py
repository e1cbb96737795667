"""What all judgments of a comparison say of each two of its responses, added up."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

EVEN = 1e-9  # votes that differ by a smaller part of their sum are even: weights are floats, and 0.1 + 0.2 is not 0.3


class Vote(NamedTuple):
    """One judgment of two responses: `better` before `worse`, or neither. weight > 0; margin in nats, 0 for a tie."""

    better: int
    worse: int
    is_tie: bool
    weight: float
    margin: float


@dataclass
class Poll:
    """The votes on two responses of a comparison, `one` < `other`: sums of their weights.

    Attributes:
        for_one, for_other, for_neither: of the votes that prefer the one, the other, or call them tied.
        signed_margin: sum of weight times margin, negative where `other` was preferred, in nats.
    """

    for_one: float = 0.0
    for_other: float = 0.0
    for_neither: float = 0.0
    signed_margin: float = 0.0

    @property
    def decided(self) -> float:
        return self.for_one + self.for_other

    @property
    def leader(self) -> int:
        """1 if more votes prefer the one, −1 if more prefer the other, 0 for a draw, whatever was called tied."""
        lead = self.for_one - self.for_other
        return 0 if abs(lead) <= EVEN * self.decided else 1 if lead > 0 else -1

    def share(self, *, counts_ties: bool) -> float | None:
        """The share of votes for the leader, ½ to 1, a tie half a vote for each if it counts; None without votes.

        Three votes to one give ¾; with one tie besides, 3.5/5.
        """
        ties = self.for_neither if counts_ties else 0.0
        votes = self.decided + ties
        if not votes:
            return None
        return (max(self.for_one, self.for_other) + ties / 2) / votes if self.leader else 0.5

    def margin(self, *, counts_ties: bool) -> float:
        """By how much the leader is better in the mean of all votes, in nats: votes against it count negatively.

        Never below 0: where few say "much better" against many who say "slightly", the many still lead.
        """
        votes = self.decided + (self.for_neither if counts_ties else 0.0)
        return max(0.0, self.leader * self.signed_margin / votes) if votes else 0.0


def polls(votes: Iterable[Vote]) -> dict[tuple[int, int], Poll]:
    """Add up votes by the two responses that they are about, these in ascending order."""
    found: dict[tuple[int, int], Poll] = {}
    for better, worse, is_tie, weight, margin in votes:
        poll = found.setdefault((min(better, worse), max(better, worse)), Poll())
        if is_tie:
            poll.for_neither += weight
        elif better < worse:
            poll.for_one += weight
            poll.signed_margin += weight * margin
        else:
            poll.for_other += weight
            poll.signed_margin -= weight * margin
    return dict(sorted(found.items()))
