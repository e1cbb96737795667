"""Bradley and Terry over words: what a reward learned without any neural network knows. Deterministic; seconds.

A response is its words and pairs of neighbouring words, weighted by TF-IDF, and the logarithm of its length; its reward
is linear in them. NumPy only.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rewardmodel.core.metrics import win_probability
from rewardmodel.core.resampling import Floats, Ints

WORD = re.compile(r"\w+")
LARGEST_VOCABULARY = 50_000
FEWEST_RESPONSES_WITH_A_WORD = 2
MOST_CHARACTERS = 20_000  # of a response that are read
PENALTY = 1.0
MOST_STEPS = 50
MOST_TURNS = 200
GRADIENT_TOLERANCE = 1e-6


@dataclass(frozen=True)
class WordRows:
    """A sparse matrix of texts by words: entry i is `values[i]` in row `rows[i]`, column `columns[i]`."""

    rows: Ints
    columns: Ints
    values: Floats
    texts: int
    words: int

    def times(self, weights: Floats) -> Floats:
        """Rows times a weight for each word: shape (texts,)."""
        return sums(self.rows, self.values * weights[self.columns], self.texts)

    def transposed_times(self, texts: Floats) -> Floats:
        """Words times a number for each text: shape (words,)."""
        return sums(self.columns, self.values * texts[self.rows], self.words)


def sums(places: Ints, values: Floats, size: int) -> Floats:
    """The sum of the values that fall on each of `size` places."""
    return np.asarray(np.bincount(places, weights=values, minlength=size), dtype=np.float64)


@dataclass(frozen=True)
class BagOfWords:
    """A fitted model: the number of each word in the vocabulary, its inverse document frequency, its weight.

    weights has one entry more than there are words, that of the length.
    """

    vocabulary: dict[str, int]
    idf: Floats
    weights: Floats
    pairs: int

    def scores(self, texts: Sequence[str]) -> list[float]:
        """The reward of each text in nats."""
        return tf_idf(texts, self.vocabulary, self.idf).times(self.weights).tolist()


def fit_bag_of_words(texts: Sequence[str], better: Ints, worse: Ints) -> BagOfWords:
    """Learn which words win.

    Args:
        texts: responses, N of them.
        better, worse: for each pair, which text was found better than which, shape (P,), P ≥ 1.

    Returns: the weights that minimise the Bradley–Terry loss summed over pairs plus |weights|² / 2.
    Raises: ValueError without a pair or if the shapes differ.
    Source: Bradley & Terry 1952 with covariates; TF-IDF as Manning, Raghavan & Schütze 2008, ch. 6, with 1 + log tf and
        idf = 1 + log((1 + N) / (1 + df)), rows of length one; beside them log(1 + characters).
    """
    if better.shape != worse.shape or better.size == 0:
        raise ValueError(f"better {better.shape} and worse {worse.shape} must have one shape (P,), P ≥ 1.")
    found = Counter(word for text in texts for word in set(words_of(text)))
    often = [(word, count) for word, count in found.items() if count >= FEWEST_RESPONSES_WITH_A_WORD]
    often.sort(key=lambda item: (-item[1], item[0]))
    vocabulary = {word: number for number, (word, _) in enumerate(often[:LARGEST_VOCABULARY])}
    frequency = np.array([count for _, count in often[:LARGEST_VOCABULARY]], dtype=np.float64)
    idf = 1 + np.log((1 + len(texts)) / (1 + frequency))
    rows = tf_idf(texts, vocabulary, idf)
    return BagOfWords(vocabulary, idf, fit_weights(rows, better, worse), len(better))


def words_of(text: str) -> list[str]:
    """Lower-case words and pairs of neighbouring words: "a b c" gives a, b, c, "a b", "b c"."""
    words = WORD.findall(text[:MOST_CHARACTERS].lower())
    return [*words, *(f"{one} {next_}" for one, next_ in pairwise(words))]


def tf_idf(texts: Iterable[str], vocabulary: dict[str, int], idf: Floats) -> WordRows:
    """(1 + log count) × idf of each known word, each row scaled to length one, and log(1 + characters) behind them."""
    rows: list[Ints] = []
    columns: list[Ints] = []
    values: list[Floats] = []
    number = -1
    for number, text in enumerate(texts):
        counts = Counter(place for word in words_of(text) if (place := vocabulary.get(word)) is not None)
        places = np.fromiter(counts, dtype=np.int64, count=len(counts))
        weights = (1 + np.log(np.fromiter(counts.values(), dtype=np.float64, count=len(counts)))) * idf[places]
        unit = weights / np.sqrt(weights @ weights) if len(weights) else weights
        rows.append(np.full(len(places) + 1, number, dtype=np.int64))
        columns.append(np.append(places, len(vocabulary)))
        values.append(np.append(unit, np.log1p(len(text))))
    nothing = np.zeros(0, dtype=np.int64)
    return WordRows(
        rows=np.concatenate([nothing, *rows]),
        columns=np.concatenate([nothing, *columns]),
        values=np.concatenate([nothing.astype(np.float64), *values]),
        texts=number + 1,
        words=len(vocabulary) + 1,
    )


def fit_weights(rows: WordRows, better: Ints, worse: Ints, *, penalty: float = PENALTY) -> Floats:
    """Minimise Σ log(1 + exp(-lead)) + penalty · |weights|² / 2 over the weights, shape (words,).

    Newton's method; each step is found by conjugate gradients and halved until it does not ascend. The loss is strictly
    convex, so that there is one answer.

    Source: Nocedal & Wright 2006, Numerical Optimization, algorithm 7.1.
    """

    def spread(pairs: Floats) -> Floats:
        return sums(better, pairs, rows.texts) - sums(worse, pairs, rows.texts)

    def lead_of(weights: Floats) -> Floats:
        scores = rows.times(weights)
        return np.asarray(scores[better] - scores[worse])

    def loss_of(weights: Floats, lead: Floats) -> float:
        return float(np.logaddexp(0.0, -lead).sum() + penalty * (weights @ weights) / 2)

    weights = np.zeros(rows.words)
    lead = lead_of(weights)
    loss = loss_of(weights, lead)
    first = 0.0
    for _ in range(MOST_STEPS):
        chance = win_probability(lead)
        gradient = rows.transposed_times(spread(chance - 1)) + penalty * weights
        size = float(np.linalg.norm(gradient))
        first = first or size
        if size <= GRADIENT_TOLERANCE * max(1.0, first):
            break
        curvature = chance * (1 - chance)

        def hessian_times(vector: Floats, curvature: Floats = curvature) -> Floats:
            return rows.transposed_times(spread(curvature * lead_of(vector))) + penalty * vector

        step = solve(hessian_times, -gradient, tolerance=min(0.5, (size / first) ** 0.5) * size)
        scale = 1.0
        while scale > 1e-8:
            tried = weights + scale * step
            tried_lead = lead_of(tried)
            tried_loss = loss_of(tried, tried_lead)
            if tried_loss <= loss + 1e-4 * scale * float(gradient @ step):
                break
            scale /= 2
        else:
            break
        weights, lead, loss = tried, tried_lead, tried_loss
    return weights


def solve(times: Callable[[Floats], Floats], target: Floats, *, tolerance: float) -> Floats:
    """Solve A x = target by conjugate gradients, for a symmetric positive definite A given by what it does to a vector.

    Source: Hestenes & Stiefel 1952; at most 200 steps.
    """
    answer = np.zeros_like(target)
    rest, direction = target.copy(), target.copy()
    size = rest @ rest
    for _ in range(MOST_TURNS):
        if np.sqrt(size) <= tolerance:
            break
        turned = times(direction)
        along = size / (direction @ turned)
        answer += along * direction
        rest -= along * turned
        next_size = rest @ rest
        direction = rest + next_size / size * direction
        size = next_size
    return answer
