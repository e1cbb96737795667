"""Whether gold, repeats and adaptive overlap find bad annotators and save judgments, on planted quality.

Simulated people lease and submit through the real services, on an SQLite database in memory. Every pair of responses
has a planted quality, every person a planted kind; what is found is held against what was planted.

- **detection**: ten people who do their best and ten who do not (two each of random clickers, side-biased, lazy,
  careless and adversarial ones) judge 120 comparisons each, at three shares of gold and repeats, three times over. Who
  is found: by gold, when the upper end of the Wilson interval of their agreement with gold is below 0.75; by repeats,
  when that of their agreement with themselves is below 0.65; by pace and place, as the review queue finds them.
- **overlap**: twelve people (ten good, one random clicker, one careless) judge 1,000 pairs through the services, seven
  times each with a fixed overlap, and with adaptive overlap from two to seven. What the rule saves is then replayed on
  20,000 pairs without a database, on the very votes that the fixed overlaps count. Consensus is the majority, an even
  vote half right.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import zlib
from collections import Counter, defaultdict
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.report import Row, installed

ROOT = Path(__file__).resolve().parent.parent
SEED = 7
SHARES = ((0.05, 0.05), (0.1, 0.1), (0.2, 0.2))  # of gold and of repeats
EACH = 120
WORLDS = 3  # the cast judges so many times, each time other pairs and by other draws
LOOKS = (40, 80, 120)  # judgments of a person after which is looked
GOLD_LEAST, REPEAT_LEAST = 0.75, 0.65
GOLD_GAP_NATS = 2.0  # what is taken as gold is clear
SPEEDING_SHARE = 0.2
MOST, FIRST = 7, 2
CONFIDENCES = (0.8, 0.9)
RESAMPLES = 1000
REPLAYED = 20_000
CHARACTERS = 420


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=SEED)


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """Run the study in a process of its own, with a database in its memory."""
    sizes = ["60", "30"] if arguments.quick else [str(EACH), "1000"]
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "DATABASE_URL": "sqlite:///:memory:",
            "PLUMBLINE_HOME": home,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PLUMBLINE_LOG_LEVEL": "ERROR",
        }
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.quality", str(arguments.seed), *sizes],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(done.stderr[-4000:])
    return [Row(**row) for row in json.loads(done.stdout.splitlines()[-1])], installed("Django")


# ---- in the process of its own


def main(seed: int, each: int, pairs: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from labeling.services import assignments, queue

    call_command("migrate", verbosity=0)
    # Leases draw by the system's own randomness; here they repeat. (What gold comes next is SQLite's to draw.)
    queue._random = assignments._random = random.Random(seed)  # type: ignore[assignment]
    rows = [*detection(seed, each), *overlap(seed, pairs)]
    print(json.dumps([asdict(row) for row in rows]))


def make_project(slug: str, pairs: int, draw: random.Random, *, gold: int = 0, **fields: Any) -> Any:
    """A project of pairs with planted quality, `gold` of them with their answer known."""
    from labeling.models import Comparison, ComparisonResponse, GoldAnswer, Project, Prompt, Response
    from labeling.services.projects import create_project

    instrument = {"kind": "pair", "allows_ties": False, "allows_all_bad": False}
    project = create_project(slug=slug, instrument=instrument, judgments_per_comparison=fields.pop("overlap"))
    Project.objects.filter(pk=project.pk).update(queue_policy="breadth", control_share=0.0, **fields)
    project.refresh_from_db()
    for number in range(pairs + gold):
        qualities = [draw.gauss(0, 1), draw.gauss(0, 1)]
        if number >= pairs:
            qualities = [GOLD_GAP_NATS / 2, -GOLD_GAP_NATS / 2]
        prompt = Prompt.objects.create(
            project=project, content_hash=f"p{number}", messages=[{"role": "user", "content": f"Question {number}?"}]
        )
        hashes = [f"{number:08d}{index:08d}" for index in range(2)]
        target = 0 if number >= pairs else project.judgments_per_comparison
        comparison = Comparison.objects.create(
            project=project,
            prompt=prompt,
            content_hash=f"c{number}",
            target_judgments=target,
            open_slots=target,
            metadata={"planted_quality": dict(zip(hashes, qualities, strict=True))},
        )
        responses = [
            Response.objects.create(prompt=prompt, content_hash=one, content=f"{index} " + "x" * CHARACTERS)
            for index, one in enumerate(hashes)
        ]
        ComparisonResponse.objects.bulk_create(
            [ComparisonResponse(comparison=comparison, response=response) for response in responses]
        )
        if number >= pairs:
            GoldAnswer.objects.create(comparison=comparison, ranking=[[response.pk] for response in responses])
    return project


def seed_of(seed: int, slug: str) -> int:
    """People answer by draws of their own in each project; the pairs are the same for all of a seed."""
    return seed * 2**32 + zlib.crc32(slug.encode())


# ---- detection


def cast() -> list[tuple[str, Any]]:
    """Ten good people and two of each bad kind."""
    from labeling.stats.simulated import BAD, GOOD

    good = [("good", replace(GOOD, competence=0.8 + 0.2 * step)) for step in range(10)]
    return good + [(kind, mind) for kind, mind in BAD.items() for _ in range(2)]


def detection(seed: int, each: int) -> list[Row]:
    rows: list[Row] = []
    kinds = [kind for kind, _mind in cast()] * WORLDS
    for gold_share, repeat_share in SHARES:
        histories: list[list[tuple[str, bool]]] = []
        signs: list[bool] = []
        for world in range(WORLDS):
            project, theirs, people = judged_project(seed + world, each, gold_share, repeat_share)
            histories += theirs
            if (gold_share, repeat_share) == SHARES[-1]:
                signs += found_by_signs(project, people)
        subject = f"gold {gold_share:.0%}, repeats {repeat_share:.0%}"
        ways = {
            "gold": [[found_by_gold(history[:look]) for history in histories] for look in looks(each)],
            "repeats": [[found_by_repeats(history[:look]) for history in histories] for look in looks(each)],
        }
        ways["either"] = [
            [one or other for one, other in zip(by_gold, by_repeats, strict=True)]
            for by_gold, by_repeats in zip(ways["gold"], ways["repeats"], strict=True)
        ]
        for way, found_at in ways.items():
            for look, found in zip(looks(each), found_at, strict=True):
                rows += precision_and_recall(f"{subject}, by {way}, after {look}", found, kinds)
        for name, finder in (("gold", found_by_gold), ("repeats", found_by_repeats)):
            rows += first_found(f"{subject}, by {name}", histories, kinds, finder)
        rows += agreement_by_kind(subject, histories, kinds)
    rows += precision_and_recall(f"review queue, by pace and place, after {each}", signs, kinds)
    by_all = [one or sign for one, sign in zip(ways["either"][-1], signs, strict=True)]
    rows += precision_and_recall(f"{subject}, by all of them, after {each}", by_all, kinds)
    by_way = {**{way: found_at[-1] for way, found_at in ways.items()}, "pace and place": signs}
    rows += recall_by_kind(f"{subject}, after {each}", by_way, kinds)
    return rows


def looks(each: int) -> tuple[int, ...]:
    return tuple(look for look in LOOKS if look <= each)


def judged_project(seed: int, each: int, gold_share: float, repeat_share: float) -> tuple[Any, list[Any], list[Any]]:
    """Let the cast judge; returns each person's history: ("gold" | "repeat" | "work", whether right), in order."""
    from labeling.models import Judgment
    from labeling.services.simulation import simulate_minds

    draw = random.Random(seed)
    slug = f"quality-{seed}-{round(100 * gold_share)}-{round(100 * repeat_share)}"
    project = make_project(
        slug, each * 4 // 3, draw, gold=each // 2, overlap=20, gold_share=gold_share, repeat_share=repeat_share
    )
    minds = [mind for _kind, mind in cast()]
    people = simulate_minds(project=project, minds=minds, seed=seed_of(seed, slug), each=each)
    judgments: dict[int, list[Any]] = defaultdict(list)
    for judgment in Judgment.objects.filter(project=project).select_related("comparison__gold_answer").order_by("pk"):
        judgments[judgment.annotator_id].append(judgment)
    return project, [history_of(judgments[person.pk]) for person in people], people


def history_of(judgments: list[Any]) -> list[tuple[str, bool]]:
    from labeling.stats.gold import agrees_with_gold

    first = {judgment.comparison_id: judgment.ranking for judgment in judgments if judgment.purpose == "work"}
    history = []
    for judgment in judgments:
        gold = getattr(judgment.comparison, "gold_answer", None)
        if judgment.purpose == "repeat":
            history.append(("repeat", judgment.ranking == first[judgment.comparison_id]))
        elif gold is not None:
            history.append(("gold", agrees_with_gold(judgment.ranking, gold.ranking)))
        else:
            history.append(("work", True))
    return history


def is_surely_below(history: list[tuple[str, bool]], probe: str, least: float) -> bool:
    """Whether the upper end of the interval of a person's share of right answers lies below what is asked for."""
    from labeling.stats.intervals import wilson_share

    answers = [is_right for kind, is_right in history if kind == probe]
    return bool(answers) and wilson_share(sum(answers) / len(answers), len(answers)).high < least


def found_by_gold(history: list[tuple[str, bool]]) -> bool:
    return is_surely_below(history, "gold", GOLD_LEAST)


def found_by_repeats(history: list[tuple[str, bool]]) -> bool:
    return is_surely_below(history, "repeat", REPEAT_LEAST)


def found_by_signs(project: Any, people: list[Any]) -> list[bool]:
    """Who shows in the review queue: anybody with a run no chance explains, or who speeds through a fifth or more."""
    from labeling.models import Judgment, ReviewItem
    from labeling.services.examination import examine_new

    examine_new(project=project, limit=1_000_000)
    signs = Counter(ReviewItem.objects.filter(project=project).values_list("annotator_id", "sign"))
    judged = Counter(Judgment.objects.filter(project=project, purpose="work").values_list("annotator_id", flat=True))
    return [
        signs[person.pk, "same_place"] > 0 or signs[person.pk, "fast"] >= SPEEDING_SHARE * judged[person.pk]
        for person in people
    ]


def precision_and_recall(subject: str, found: list[bool], kinds: list[str]) -> list[Row]:
    """Of those found, how many were bad; of the bad, how many were found; without anybody found, no precision."""
    bad = [kind != "good" for kind in kinds]
    right = sum(one and other for one, other in zip(found, bad, strict=True))
    rows = [share_row("recall of bad annotators", subject, right, sum(bad))]
    if any(found):
        rows.append(share_row("precision", subject, right, sum(found)))
    return [
        *rows,
        Row("good annotators accused", subject, None, float(sum(found) - right), f"of {kinds.count('good')}"),
    ]


def share_row(name: str, subject: str, part: int, whole: int) -> Row:
    """A share with its Wilson interval."""
    from labeling.stats.intervals import wilson_share

    share = wilson_share(part / whole, whole)
    return Row(name, subject, None, share.share, "share", None, share.low, share.high)


def first_found(subject: str, histories: list[Any], kinds: list[str], finder: Any) -> list[Row]:
    """How many judgments the bad ones had given when they were found, for somebody who looks after each of them."""
    moments = []
    accused = 0
    for history, kind in zip(histories, kinds, strict=True):
        moment = next((n for n in range(1, len(history) + 1) if finder(history[:n])), None)
        if kind == "good":
            accused += moment is not None
        elif moment is not None:
            moments.append(moment)
    rows = [
        Row("good annotators accused, looking each time", subject, None, float(accused), f"of {kinds.count('good')}")
    ]
    if moments:
        median = sorted(moments)[len(moments) // 2]
        rows.append(Row("judgments until found, median of the found", subject, None, float(median), "judgments"))
    return rows


def agreement_by_kind(subject: str, histories: list[Any], kinds: list[str]) -> list[Row]:
    """Share of right answers on gold and on repeats, by kind."""
    answers: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for history, kind in zip(histories, kinds, strict=True):
        for probe, is_right in history:
            if probe != "work":
                answers[kind, probe].append(is_right)
    return [
        Row(f"agreement on {probe}", f"{subject}, {kind}", None, sum(given) / len(given), "share")
        for (kind, probe), given in sorted(answers.items())
    ]


def recall_by_kind(subject: str, ways: dict[str, list[bool]], kinds: list[str]) -> list[Row]:
    return [
        Row(
            "found",
            f"{subject}, {kind}, by {way}",
            None,
            float(sum(f for f, k in zip(found, kinds, strict=True) if k == kind)),
            f"of {kinds.count(kind)}",
        )
        for way, found in ways.items()
        for kind in dict.fromkeys(kinds)
    ]


# ---- overlap


def overlap(seed: int, pairs: int) -> list[Row]:
    fixed = votes_of(seed, pairs, "fixed", overlap=MOST)
    rows = [
        Row("consensus accuracy", f"services, fixed overlap {n}", None, mean_credit(fixed, n), "share")
        for n in (1, 2, 3, 5, 7)
    ]
    for confidence in CONFIDENCES:
        slug, fields = f"adaptive-{round(100 * confidence)}", {"most_judgments": MOST, "wanted_confidence": confidence}
        votes = votes_of(seed, pairs, slug, overlap=FIRST, **fields)
        subject = f"services, adaptive {FIRST} to {MOST}, confidence {confidence}"
        rows.append(Row("consensus accuracy", subject, None, mean_credit(votes, MOST), "share"))
        spent = sum(map(len, votes)) / len(votes)
        rows.append(Row("judgments per comparison", subject, None, spent, "judgments"))
        elsewhere = sum(enough(one + [True] * (MOST - len(one)), confidence) != len(one) for one in votes)
        rows.append(Row("ended elsewhere than the rule says", subject, None, float(elsewhere), f"of {pairs}"))
    return rows + replayed(seed)


def replayed(seed: int) -> list[Row]:
    """The rule of adaptive overlap on the very votes that fixed overlaps count: only the rule makes a difference."""
    import numpy as np

    votes = drawn_votes(seed)
    fixed = {n: np.array([credit(one[:n]) for one in votes]) for n in range(1, MOST + 1)}
    rows = [
        Row("consensus accuracy", f"replay, fixed overlap {n}", None, float(fixed[n].mean()), "share")
        for n in (1, 2, 3, 5, 7)
    ]
    resample = np.random.default_rng(seed)
    draws = [resample.integers(0, len(votes), len(votes)) for _ in range(RESAMPLES)]
    for confidence in CONFIDENCES:
        spent = np.array([enough(one, confidence) for one in votes])
        right = np.array([credit(one[:n]) for one, n in zip(votes, spent, strict=True)])
        subject = f"replay, adaptive {FIRST} to {MOST}, confidence {confidence}"
        rows.append(Row("consensus accuracy", subject, None, float(right.mean()), "share"))
        rows.append(Row("judgments per comparison", subject, None, float(spent.mean()), "judgments"))
        values = [saved(right[k].mean(), spent[k].mean(), {n: fixed[n][k].mean() for n in fixed}) for k in draws]
        value = saved(right.mean(), spent.mean(), {n: one.mean() for n, one in fixed.items()})
        rows.append(interval_row("judgments saved at equal accuracy", subject, value, values))
        for n in (3, 5):
            gain = right - fixed[n]
            values = [gain[k].mean() for k in draws]
            rows.append(interval_row(f"accuracy above fixed overlap {n}", subject, gain.mean(), values))
    return rows


def interval_row(name: str, subject: str, value: float, resampled: list[float]) -> Row:
    """A figure with the middle 95 % of what resampled comparisons give."""
    ordered = sorted(resampled)
    low, high = ordered[len(ordered) // 40], ordered[-len(ordered) // 40]
    return Row(name, subject, None, float(value), "share", None, float(low), float(high))


def overlap_minds() -> list[Any]:
    from labeling.stats.simulated import BAD, GOOD

    good = [replace(GOOD, competence=0.8 + 0.15 * step) for step in range(10)]
    return [*good, BAD["random clicker"], BAD["careless"]]


def drawn_votes(seed: int) -> list[list[bool]]:
    """Votes of seven different people on each of many pairs, whether right, without a database."""
    draw = random.Random(seed)
    minds, votes = overlap_minds(), []
    for _ in range(REPLAYED):
        qualities = [draw.gauss(0, 1), draw.gauss(0, 1)]
        said = []
        for mind in draw.sample(minds, MOST):
            shown = draw.sample(qualities, 2)
            best = mind.rank(shown, draw)[0][0][0]
            said.append(shown[best] == max(qualities))
        votes.append(said)
    return votes


def enough(votes: list[bool], confidence: float) -> int:
    """How many of these votes adaptive overlap asks for."""
    from labeling.stats.overlap import probability_that_first_leads

    for n in range(FIRST, len(votes)):
        right = sum(votes[:n])
        if probability_that_first_leads(sorted((right, n - right), reverse=True)) >= confidence:
            return n
    return len(votes)


def mean_credit(votes: list[list[bool]], n: int) -> float:
    return sum(credit(one[:n]) for one in votes) / len(votes)


def votes_of(seed: int, pairs: int, slug: str, **fields: Any) -> list[list[bool]]:
    """For each comparison whether each judgment of it puts the better response first, in the order they came."""
    from labeling.models import Judgment
    from labeling.services.simulation import simulate_minds

    project = make_project(slug, pairs, random.Random(seed), **fields)
    simulate_minds(project=project, minds=overlap_minds(), seed=seed_of(seed, slug))
    votes: dict[int, list[bool]] = {pk: [] for pk in project.comparisons.order_by("pk").values_list("pk", flat=True)}
    better: dict[int, int] = {}
    for comparison in project.comparisons.prefetch_related("responses"):
        planted = comparison.metadata["planted_quality"]
        better[comparison.pk] = max(comparison.responses.all(), key=lambda one: planted[one.content_hash]).pk
    for comparison_id, ranking in (
        Judgment.objects.filter(project=project).order_by("pk").values_list("comparison_id", "ranking")
    ):
        votes[comparison_id].append(ranking[0] == [better[comparison_id]])
    return list(votes.values())


def credit(votes: list[bool]) -> float:
    """1 when most votes are right, ½ when as many are wrong."""
    right = sum(votes)
    return 1.0 if 2 * right > len(votes) else 0.5 if 2 * right == len(votes) else 0.0


def saved(accuracy: float, spent: float, fixed: dict[int, float]) -> float:
    """The share of judgments saved against a fixed overlap of the same accuracy.

    Between odd overlaps the fixed accuracy is taken as linear: mixing two overlaps gives exactly that, and an even
    overlap is no better than the odd one below it. Beyond seven judgments nothing is known, so seven is taken.
    """
    odd = [n for n in sorted(fixed) if n % 2]
    for lower, upper in pairwise(odd):
        if fixed[lower] <= accuracy <= fixed[upper] and fixed[upper] > fixed[lower]:
            needed = lower + (upper - lower) * (accuracy - fixed[lower]) / (fixed[upper] - fixed[lower])
            return 1 - spent / needed
    return 1 - spent / (odd[-1] if accuracy > fixed[odd[-1]] else odd[0])


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:4]))
