"""What holds of every annotator model, whatever it is fed: a number in its range, or a reason."""

import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.stats.dawid_skene import fit_dawid_skene
from labeling.stats.intervals import Share
from labeling.stats.mace import fit_mace
from labeling.stats.noisy_bradley_terry import fit_noisy_bradley_terry
from labeling.stats.pair_table import ShownPair
from labeling.stats.reliability import reliabilities
from labeling.stats.undefined import Undefined

labels = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 7), st.sampled_from("xyz")), max_size=60)
shown_pairs = st.lists(
    st.builds(
        lambda annotator, sides, verdict: ShownPair(annotator, *sides, verdict),
        st.integers(0, 3),
        st.sampled_from([(0, 1), (1, 0), (1, 2), (2, 0), (5, 6)]),
        st.sampled_from(["left", "right", "tie"]),
    ),
    max_size=60,
)


def is_share_or_reason(figure):
    if isinstance(figure, Undefined):
        return bool(figure.because)
    if isinstance(figure, Share):
        return 0 <= figure.low <= figure.share <= figure.high <= 1 and figure.low < figure.high
    return math.isfinite(figure) and figure <= 1


@settings(max_examples=60, deadline=None)
@given(labels, st.sampled_from([0.0, 4.0]))
def test_dawid_skene_says_a_number_in_its_range_or_why_not(labels, pooled_labels):
    fit = fit_dawid_skene(labels, pooled_labels=pooled_labels)
    if isinstance(fit, Undefined):
        return
    assert sum(fit.class_shares) == pytest.approx(1)
    for annotator in fit.annotators.values():
        if not isinstance(annotator, Undefined):
            assert is_share_or_reason(annotator.accuracy)
            assert is_share_or_reason(annotator.kappa)
            assert all(sum(row) == pytest.approx(1) for row in annotator.confusion if row is not None)
    assert all(has_sound_posterior(one) for one in fit.items.values())


@settings(max_examples=60, deadline=None)
@given(labels)
def test_mace_says_a_number_in_its_range_or_why_not(labels):
    fit = fit_mace(labels, restarts=2)
    if isinstance(fit, Undefined):
        return
    for annotator in fit.annotators.values():
        if not isinstance(annotator, Undefined):
            assert is_share_or_reason(annotator.competence)
            assert sum(annotator.habit) == pytest.approx(1)
    assert all(has_sound_posterior(one) for one in fit.items.values())


@settings(max_examples=60, deadline=None)
@given(shown_pairs)
def test_noisy_bradley_terry_says_a_number_in_its_range_or_why_not(judgments):
    fit = fit_noisy_bradley_terry(judgments)
    if isinstance(fit, Undefined):
        return
    for annotator in fit.annotators.values():
        assert is_share_or_reason(annotator.accuracy)
        assert is_share_or_reason(annotator.side_bias)
        assert sum(annotator.habit) == pytest.approx(1)
    assert all(is_share_or_reason(one) for one in reliabilities(fit).values())
    if not isinstance(fit.strengths, Undefined):
        assert all(math.isfinite(strength) for strength in fit.strengths.values())


def has_sound_posterior(consensus):
    if isinstance(consensus, Undefined):
        return bool(consensus.because)
    return (
        math.isclose(sum(consensus.posterior), 1, abs_tol=1e-9)
        and consensus.probability == max(consensus.posterior)
        and all(0 <= share <= 1 for share in consensus.posterior)
    )


def test_the_models_load_nothing_that_a_web_process_must_not():
    code = (
        "import sys, labeling.stats.reliability; "
        "print([name for name in ('django', 'torch', 'transformers', 'crowdkit', 'pandas') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
