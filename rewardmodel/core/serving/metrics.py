"""What a scoring server counts, in the text format that Prometheus reads.

Written here, because the core runs where there is PyTorch and transformers alone.
Source: Prometheus exposition formats, text-based format 0.0.4.
"""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass
class Histogram:
    """How many observations fell at or below each bound."""

    bounds: Sequence[float]
    sum: float = 0.0
    counts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        self.sum += value
        self.counts[next((at for at, bound in enumerate(self.bounds) if value <= bound), len(self.bounds))] += 1

    def lines(self, name: str, labels: Mapping[str, str]) -> list[str]:
        total, lines = 0, []
        for bound, at in zip([*map(str, self.bounds), "+Inf"], self.counts, strict=True):
            total += at
            lines.append(f"{name}_bucket{_labels({**labels, 'le': bound})} {total}")
        return [*lines, f"{name}_sum{_labels(labels)} {self.sum}", f"{name}_count{_labels(labels)} {total}"]


class ServingMetrics:
    """Counters of one scoring process. Safe to use from several threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._requests: dict[tuple[str, int], int] = defaultdict(int)
        self._seconds: dict[str, Histogram] = {}
        self._texts: dict[str, int] = defaultdict(int)
        self._batch_texts = Histogram(TEXTS)
        self._tokens = 0
        self._computed_tokens = 0
        self._loads: dict[str, int] = defaultdict(int)

    def count_request(self, path: str, status: int, seconds: float) -> None:
        """One answered request at an address of ours."""
        with self._guard:
            self._requests[path, status] += 1
            self._seconds.setdefault(path, Histogram(SECONDS)).observe(seconds)

    def count_texts(self, model: str, texts: int) -> None:
        """Texts whose rewards were answered."""
        with self._guard:
            self._texts[model] += texts

    def count_batch(self, *, texts: int, tokens: int, computed_tokens: int) -> None:
        """One forward pass: tokens of its texts, and tokens computed, where padding counts and a shared prompt once."""
        with self._guard:
            self._batch_texts.observe(texts)
            self._tokens += tokens
            self._computed_tokens += computed_tokens

    def count_load(self, result: str) -> None:
        """One attempt to load a model: "loaded" or "failed"."""
        with self._guard:
            self._loads[result] += 1

    def text(self, *, waiting_texts: int, champion: Mapping[str, str] | None) -> str:
        """Everything counted so far.

        Args:
            waiting_texts: how many texts wait now.
            champion: labels that name the champion, if there is one.
        """
        name = "plumbline_scorer"
        with self._guard:
            padding = max(0.0, 1 - self._tokens / self._computed_tokens) if self._computed_tokens else 0.0
            families = [
                _family(f"{name}_requests_total", "counter", "Answered requests.", [
                    f"{name}_requests_total{_labels({'path': path, 'status': str(status)})} {value}"
                    for (path, status), value in sorted(self._requests.items())
                ]),
                _family(f"{name}_request_seconds", "histogram", "From the request to its answer.", [
                    line for path, seconds in sorted(self._seconds.items())
                    for line in seconds.lines(f"{name}_request_seconds", {"path": path})
                ]),
                _family(f"{name}_texts_total", "counter", "Texts whose rewards were answered.", [
                    f"{name}_texts_total{_labels({'model': model})} {value}"
                    for model, value in sorted(self._texts.items())
                ]),
                _family(f"{name}_batch_texts", "histogram", "Texts in one forward pass.",
                        self._batch_texts.lines(f"{name}_batch_texts", {})),
                _family(f"{name}_tokens_total", "counter", "Tokens of the texts scored.",
                        [f"{name}_tokens_total {self._tokens}"]),
                _family(f"{name}_computed_tokens_total", "counter", "Tokens computed, padding among them.",
                        [f"{name}_computed_tokens_total {self._computed_tokens}"]),
                _family(f"{name}_padding_share", "gauge", "Share of computed tokens that are padding.",
                        [f"{name}_padding_share {padding}"]),
                _family(f"{name}_waiting_texts", "gauge", "Texts that wait to be scored.",
                        [f"{name}_waiting_texts {waiting_texts}"]),
                _family(f"{name}_model_loads_total", "counter", "Attempts to load a model.", [
                    f"{name}_model_loads_total{_labels({'result': result})} {value}"
                    for result, value in sorted(self._loads.items())
                ]),
                _family(f"{name}_champion_info", "gauge", "The model that answers.",
                        [f"{name}_champion_info{_labels(champion)} 1"] if champion else []),
            ]  # fmt: skip
        return "".join(families)


def _family(name: str, kind: str, claim: str, lines: Sequence[str]) -> str:
    return "\n".join([f"# HELP {name} {claim}", f"# TYPE {name} {kind}", *lines]) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
