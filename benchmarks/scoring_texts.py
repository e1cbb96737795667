"""What is scored: prompts and answers drawn from a word list, as long as those of HH-RLHF's helpful dialogues.

There (helpful-base, test) a prompt has a median of 75 words, one in ten more than 234, and an answer 33 and 105; both
are near a log-normal distribution.
"""

import random

from benchmarks.texts import WORDS

SEED = 11
PROMPT_WORDS = (4.3, 0.9)  # mean and standard deviation of the logarithm
ANSWER_WORDS = (3.5, 0.9)
MOST_WORDS = {"prompt": 240, "answer": 110}


def mixed_items(count: int, *, answers_each: int = 1) -> list[dict[str, str]]:
    """`count` prompts, each with so many answers; the same for the same arguments."""
    draw = random.Random(SEED)
    items = []
    for number in range(count):
        prompt = f"Question {number}. {_words(draw, PROMPT_WORDS, MOST_WORDS['prompt'])}?"
        items += [
            {"prompt": prompt, "response": _words(draw, ANSWER_WORDS, MOST_WORDS["answer"])}
            for _ in range(answers_each)
        ]
    draw.shuffle(items)
    return items


def _words(draw: random.Random, shape: tuple[float, float], most: int) -> str:
    return " ".join(draw.choices(WORDS, k=max(2, min(most, int(draw.lognormvariate(*shape))))))
