"""Where model and people disagree most: the pairs worth reading."""

import heapq
from collections import Counter
from typing import Any

from preferences.records import ComparisonRecord
from rewardmodel.core.data.texts import prompt_text, response_text
from rewardmodel.core.evaluation.tallies import Judged

SHOWN = 20
EXCERPT_CHARACTERS = 300


class Disagreements:
    """The pairs of responses that people order one way and the model most decidedly the other."""

    def __init__(self) -> None:
        self._worst: list[tuple[float, int, dict[str, Any]]] = []
        self._number = 0

    def look_at(self, record: ComparisonRecord, judged: Judged) -> None:
        """Keep what is worth keeping of one comparison: pairs that more people decided one way than the other."""
        votes = Counter(win for verdict in judged.verdicts for win in verdict.wins)
        for better, worse in votes:
            lead = judged.rewards[better] - judged.rewards[worse]
            with_it, against = votes[better, worse], votes[worse, better]
            if lead < 0 and with_it >= against:
                self._number += 1
                keep = heapq.heappush if len(self._worst) < SHOWN else heapq.heappushpop
                if len(self._worst) < SHOWN or -lead > self._worst[0][0]:
                    entry = _entry(record, judged, better, worse)
                    entry |= {"agreeing": with_it, "judgments": with_it + against}
                    keep(self._worst, (-lead, -self._number, entry))

    def worst(self) -> list[dict[str, Any]]:
        """At most twenty, the most decided first, each with its comparison's hash and the beginning of its texts."""
        return [entry for _, _, entry in sorted(self._worst, key=lambda item: (-item[0], -item[1]))]


def _entry(record: ComparisonRecord, judged: Judged, better: int, worse: int) -> dict[str, Any]:
    texts = [response_text(response.content, response.kind) for response in record.responses]
    return {
        "comparison": record.comparison_hash,
        "prompt": prompt_text(record.prompt)[-EXCERPT_CHARACTERS:],
        "better": texts[better][:EXCERPT_CHARACTERS],
        "worse": texts[worse][:EXCERPT_CHARACTERS],
        "reward_better": judged.rewards[better],
        "reward_worse": judged.rewards[worse],
    }
