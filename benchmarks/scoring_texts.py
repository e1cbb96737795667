"""What is scored: prompts and answers drawn from a word list, of lengths as mixed as in chats."""

import random

from benchmarks.texts import WORDS

SEED = 11
PROMPT_WORDS = (3.0, 0.9)  # mean and standard deviation of the logarithm: a median of 20 words, one in ten above 63
ANSWER_WORDS = (3.7, 0.9)  # a median of 40 words, one in ten above 128
MOST_WORDS = 160


def mixed_items(count: int, *, answers_each: int = 1) -> list[dict[str, str]]:
    """`count` prompts, each with so many answers; the same for the same arguments."""
    draw = random.Random(SEED)
    items = []
    for number in range(count):
        prompt = f"Question {number}. {_words(draw, *PROMPT_WORDS)}?"
        items += [{"prompt": prompt, "response": _words(draw, *ANSWER_WORDS)} for _ in range(answers_each)]
    draw.shuffle(items)
    return items


def _words(draw: random.Random, mean: float, deviation: float) -> str:
    return " ".join(draw.choices(WORDS, k=max(2, min(MOST_WORDS, int(draw.lognormvariate(mean, deviation))))))
