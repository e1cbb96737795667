"""Judgments with planted biases, as audits read them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from labeling.stats.audits.rows import AuditRow, Reading, Seen
from labeling.stats.text_features import TextFeatures

START = datetime(2025, 3, 3, 9, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Bias:
    """What annotators favour, in nats: the earlier of two, each doubling of length, each doubling of Markdown.

    `person_spread` is how people differ in the first; `prompt_spread` how one response's worth differs from another's.
    """

    position: float = 0.0
    length: float = 0.0
    markdown: float = 0.0
    person_spread: float = 0.0
    prompt_spread: float = 0.0
    tie_share: float = 0.0


def judge_pairs(
    bias: Bias, *, seed: int, annotators: int = 20, each: int = 30, prompts: int = 200, order_is_known: bool = True
) -> list[AuditRow]:
    """Everybody judges `each` of the pairs, drawn without replacement and shown in an order drawn anew."""
    draw = np.random.default_rng(seed)
    characters = np.exp(draw.normal(6, 0.7, (prompts, 2))).astype(int) + 1
    marks = draw.poisson(3, (prompts, 2)) * (draw.random((prompts, 2)) < 0.5)
    worth = draw.normal(0, bias.prompt_spread, (prompts, 2)) if bias.prompt_spread else np.zeros((prompts, 2))
    worth = worth + bias.length * np.log2(characters + 1) + bias.markdown * np.log2(marks + 1)
    features = [
        [TextFeatures(int(characters[prompt, one]), list_items=int(marks[prompt, one])) for one in (0, 1)]
        for prompt in range(prompts)
    ]
    rows = []
    for person in range(annotators):
        favour = bias.position + bias.person_spread * draw.normal()
        for prompt in draw.choice(prompts, each, replace=False):
            order = (0, 1) if draw.random() < 0.5 else (1, 0)
            lead = favour + worth[prompt, order[0]] - worth[prompt, order[1]]
            places = (0, 1) if draw.random() < 1 / (1 + np.exp(-lead)) else (1, 0)
            if draw.random() < bias.tie_share:
                places = (0, 0)
            seen = tuple(
                Seen(response, place, features[prompt][response]) for response, place in zip(order, places, strict=True)
            )
            rows.append(AuditRow(int(prompt), int(prompt), f"a{person}", seen, order_is_known))
    return rows


def judge_in_sessions(
    *,
    seed: int,
    per_ten: float = 0.0,
    dwell_per_ten: float = 0.0,
    annotators: int = 15,
    sessions: int = 3,
    each: int = 25,
    person_spread: float = 0.0,
) -> list[AuditRow]:
    """Agreement that changes by `per_ten` with each ten judgments of a session, log dwell time by `dwell_per_ten`."""
    draw = np.random.default_rng(seed)
    rows = []
    for person in range(annotators):
        skill = 0.75 + 0.05 * draw.normal()
        own = person_spread * draw.normal()
        for session in range(sessions):
            at = START + timedelta(days=session)
            for number in range(each):
                right = draw.random() < np.clip(skill + (per_ten + own) * number / 10, 0, 1)
                dwell = 20_000 * np.exp(dwell_per_ten * number / 10 + 0.3 * draw.normal())
                at += timedelta(milliseconds=float(dwell))
                rows.append(
                    AuditRow(
                        comparison=len(rows),
                        prompt=int(draw.integers(300)),
                        annotator=f"a{person}",
                        seen=(Seen(0, 0), Seen(1, 1)),
                        judged_at=at,
                        dwell_ms=int(dwell),
                        agreement=float(right),
                        reading=Reading(100, 0),
                    )
                )
    return rows
