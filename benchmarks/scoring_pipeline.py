"""Texts a second beside `transformers.pipeline("text-classification")`, in fp32 and in bf16."""

import json
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.children import run_child
from benchmarks.report import Row, row_of_rounds
from benchmarks.scoring_models import DECODER, ENCODERS, as_role_lines, as_sentence_pair
from benchmarks.scoring_subject import OURS, PEER, PRODUCTS
from benchmarks.scoring_texts import mixed_items

BATCH_SIZES = (1, 8, 32)
EXACT, PRECISIONS = "fp32", ("fp32", "bf16")
LARGEST_DIFFERENCE = 1e-4


@dataclass(frozen=True)
class Workload:
    """What is scored by what, and how the peer is given it.

    Args:
        answers_each: answers to each prompt; trainers sample several.
        laid_out: an item as the pair of texts whose tokens are those that our model reads.
    """

    name: str
    model: str
    answers_each: int
    laid_out: Callable[[dict[str, str]], dict[str, str]]


WORKLOADS = (
    Workload("MiniLM, mixed lengths", ENCODERS[0], 1, as_sentence_pair),
    Workload("decoder, 8 answers to a prompt", DECODER, 8, as_role_lines),
)


def beside_the_pipeline(home: Path, workload: Workload, *, items: int, rounds: int) -> Iterator[Row]:
    """Texts a second of every way of scoring, and how far its rewards lie from ours in fp32."""
    given = mixed_items(items // workload.answers_each, answers_each=workload.answers_each)
    job = home / f"{workload.model}.json"
    asked = {
        "model": str(home / "reward-models" / workload.model),
        "items": given,
        "pairs": [workload.laid_out(item) for item in given],
        "rounds": rounds,
        "batch_sizes": BATCH_SIZES,
        "precisions": PRECISIONS,
    }
    job.write_text(json.dumps(asked))
    answer = json.loads(run_child("benchmarks.scoring_subject", str(job)).splitlines()[-1])
    return rows_of(f"scoring, {workload.name}", answer, texts=len(given))


def rows_of(name: str, answer: dict[str, Any], *, texts: int) -> Iterator[Row]:
    """Ours beside each batch size of the pipeline, best first: in the same precision, then in fp32."""
    scored = answer["scored"]
    rates = {labelled(one): [texts / seconds for seconds in one["seconds"]] for one in scored}
    for one in scored:
        peers = [
            peer
            for precision in dict.fromkeys((one["precision"], EXACT))
            for peer in sorted(peers_in(scored, precision), key=lambda peer: -statistics.median(rates[peer]))
        ]
        beside = {OURS: peers, PRODUCTS: peers[:1]}.get(one["subject"], [""])
        for peer in beside:
            values, theirs = rates[labelled(one)], rates.get(peer, ())
            yield row_of_rounds(name, labelled(one), values, "texts/s", peer=peer or None, peer_values=theirs)
    for one in scored:
        if one["difference"] is not None:
            assert one["precision"] != EXACT or one["difference"] <= LARGEST_DIFFERENCE, one
            moved = 1000 * one["difference"] / answer["std"]
            peer = f"{OURS}, {EXACT}"
            yield Row(f"{name}: largest difference of a reward", labelled(one), peer, moved, "‰ of the std")
    yield Row(f"{name}: tokens a text", answer["route"], None, answer["tokens"] / texts, "tokens")


def peers_in(scored: list[dict[str, Any]], precision: str) -> list[str]:
    return [labelled(one) for one in scored if one["precision"] == precision and one["subject"].startswith(PEER)]


def labelled(one: dict[str, Any]) -> str:
    return f"{one['subject']}, {one['precision']}"
