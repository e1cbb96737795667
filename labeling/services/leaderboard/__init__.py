"""Which policy people prefer: `request` → `verdicts` → `board`, as JSON; `keeping` computes it at once or in a run.

What imports numpy is imported where it is used, so that the web process starts without it.
"""

from labeling.services.leaderboard.keeping import (
    RUN_KIND,
    compute_leaderboard,
    get_leaderboard,
    is_small,
    keep_leaderboard,
    queue_leaderboard,
    run_under_way,
)
from labeling.services.leaderboard.request import CHOICES, LeaderboardRequest
from labeling.services.quality import newer_judgments

__all__ = [
    "CHOICES",
    "RUN_KIND",
    "LeaderboardRequest",
    "compute_leaderboard",
    "get_leaderboard",
    "is_small",
    "keep_leaderboard",
    "newer_judgments",
    "queue_leaderboard",
    "run_under_way",
]
