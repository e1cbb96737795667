"""Settings about what a model reads and learns from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from preferences.pairs import PairRules
from preferences.weights import check_annotator_weights
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.settings import Settings

TRUNCATE, DROP = "truncate", "drop"


@dataclass(frozen=True, kw_only=True)
class DataSettings(Settings):
    """Which comparisons, how often, and how they are read."""

    snapshot: str
    """Path of the snapshot's Parquet file."""
    pair_rules: Mapping[str, Any] | None = None
    """How judgments become pairs; None for the rules that the snapshot's manifest names."""
    annotator_weights: Mapping[str, Any] | None = None
    """How much one judgment of each annotator counts, 0 or from 1e-6 to 1e6, by pseudonym; 1 for whom it does not name.
    None: all alike. In a run of the platform, "reliability" can compute it."""
    max_length_tokens: int = 256
    """Tokens of prompt and response together; what is longer loses the beginning of its prompt."""
    long_rows: str = TRUNCATE
    """What becomes of a comparison with a text that is longer: "truncate" cuts that text, "drop" leaves the comparison
    out. The report counts both."""
    token_cache: str | None = None
    """Folder in which tokenized splits are kept for other runs, and from which they are mapped, so that memory does not
    grow with the data; null tokenizes in memory. Changes time and memory, nothing else."""
    epochs: int | None = None
    """Times that every training comparison is visited. None: once, and small data up to three times (see `steps.plan`):
    a reward model that sees judgments again and again learns them by heart."""
    max_training_tokens: int | None = None
    """Stop after about this many tokens even if epochs remain; None for no limit. Whole steps only."""
    comparisons_per_step: int = 16
    """Comparisons whose gradients are averaged in one optimizer step."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(bool(self.snapshot), "snapshot", "must be the path of a snapshot file")
        self.require(self.max_length_tokens >= 16, "max_length_tokens", "must be at least 16")
        self.require_one_of("long_rows", (TRUNCATE, DROP))
        self.require(self.token_cache != "", "token_cache", "must be a folder or null")
        try:
            PairRules.from_dict(self.pair_rules or {})
        except ValueError as error:
            raise InvalidConfig(f"pair_rules: {error}", field="pair_rules") from None
        try:
            check_annotator_weights(self.annotator_weights or {})
        except ValueError as error:
            raise InvalidConfig(f"annotator_weights: {error}", field="annotator_weights") from None
        self.require_at_least_one("comparisons_per_step", "epochs", "max_training_tokens")
