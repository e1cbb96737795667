"""How much each annotator's judgments should count in training."""

from collections.abc import Mapping

from labeling.stats.dawid_skene import DawidSkene
from labeling.stats.label_table import Key
from labeling.stats.mace import Mace
from labeling.stats.noisy_bradley_terry import NoisyBradleyTerry
from labeling.stats.undefined import Undefined


def reliabilities(fit: DawidSkene | Mace | NoisyBradleyTerry) -> dict[Key, float | Undefined]:
    """How much of what each annotator says follows the truth: kappa against it, or competence; at most 1."""
    return {
        name: annotator if isinstance(annotator, Undefined) else annotator.reliability
        for name, annotator in fit.annotators.items()
    }


def reliability_weights(
    reliability: Mapping[Key, float | Undefined], judgments: Mapping[Key, int]
) -> dict[Key, float] | Undefined:
    """A factor for the loss of each annotator's judgments: their reliability, none below 0, scaled to mean 1.

    Of two labels a noisy one carries a signal 2p − 1 times as strong with the same spread, where p is how often it is
    right; weights in proportion to the signal give the mean with the smallest variance. Beyond two classes 2p − 1
    becomes (K·p − 1)/(K − 1), which kappa and competence are with chance as it really is. The mean over judgments is 1,
    so that the learning rate means what it meant. An annotator of whom nothing is known counts as the mean does.

    Args:
        reliability: of each annotator, at most 1; 0 is an answer that has nothing to do with the truth.
        judgments: how many each has in what is trained on, positive; names whom weights are wanted for.

    Returns: non-negative; all 1 when all are equally reliable. Undefined when nobody's reliability is known, or none is
        above 0.
    Raises: ValueError for no judgments, a count below 1, or a reliability above 1.
    Source: weights K·p − 1 as the minimiser of a bound on the error: Li & Yu 2014, arXiv:1411.4086; label
        noise as a factor 1 − 2·(noise rate) of the expected loss: Natarajan et al. 2013, NeurIPS.
    """
    if not judgments or min(judgments.values()) < 1:
        raise ValueError("Weights are for annotators with one judgment or more each.")
    known: dict[Key, float] = {}
    for name in judgments:
        value = reliability.get(name, Undefined("they judged nothing"))
        if isinstance(value, Undefined):
            continue
        if value > 1:
            raise ValueError(f"No annotator is more reliable than 1, and {name!r} has {value}.")
        known[name] = max(0.0, value)
    if not known:
        return Undefined("nobody's reliability is known")
    highest = max(known.values())
    if highest <= 0:
        return Undefined("no annotator follows the truth more than chance does")
    known = {name: value / highest for name, value in known.items()}  # so that no product is too small for a float
    mean = sum(known[name] * judgments[name] for name in known) / sum(judgments[name] for name in known)
    return {name: known.get(name, mean) / mean for name in judgments}
