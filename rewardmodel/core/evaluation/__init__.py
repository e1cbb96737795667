"""What a reward model is worth on comparisons it has not learned from, beside people and beside simpler things."""

from rewardmodel.core.evaluation.evaluating import evaluate_rows
from rewardmodel.core.evaluation.floors import LearnedFrom

__all__ = ["LearnedFrom", "evaluate_rows"]
