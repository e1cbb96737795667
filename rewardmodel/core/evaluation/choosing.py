"""The figures by which one model is chosen among several: of the validation split, asked of each in the same way."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from preferences.pairs import PairRules
from rewardmodel.core.data.training_set import HasRecord
from rewardmodel.core.evaluation.evaluating import COMPARISONS_AT_ONCE, NO_PAIR, Seen, look_at
from rewardmodel.core.evaluation.figures import mean_of, share_of, undefined
from rewardmodel.core.evaluation.floors import learn_words
from rewardmodel.core.metrics import pair_log_loss, pairwise_correct
from rewardmodel.core.resampling import Resampling
from rewardmodel.core.scorer import RewardScorer


def choosing_figures(
    rows: Iterable[HasRecord], scorer: RewardScorer, *, rules: PairRules, seed: int = 0
) -> dict[str, Any]:
    """Log loss and accuracy over pairs, by the saved model itself, so that models of different losses compare.

    Args: rows: the validation split. A model that was kept because it did best there, and whose temperature was fitted
        there, does better there than elsewhere: these figures choose, and do not promise.

    Returns: {"pairs", "prompts", "log_loss", "accuracy"}; the last two are figures (`evaluation.figures`), log loss in
        nats at the model's temperature, log 2 for a model that knows nothing.
    """
    seen, words = Seen(), learn_words(None, rules)
    iterator = iter(rows)
    while chunk := list(islice(iterator, COMPARISONS_AT_ONCE)):
        look_at(chunk, scorer, seen, rules=rules, words=words, benchmark=None)
    tallies = seen.tallies
    counts = {"pairs": len(tallies.comparison), "prompts": len(tallies.prompt_numbers)}
    if not tallies.comparison:
        return {**counts, "log_loss": undefined(NO_PAIR), "accuracy": undefined(NO_PAIR)}
    leads, resampling = tallies.leads(), Resampling(tallies.prompts(), seed=seed)
    return {
        **counts,
        "log_loss": mean_of(resampling, pair_log_loss(leads, temperature=scorer.card.temperature)),
        "accuracy": share_of(resampling, pairwise_correct(leads)),
    }
