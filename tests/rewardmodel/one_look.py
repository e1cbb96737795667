"""Let one process of each machine look, and write down who looked and what each heard. Started by test_parallel.

python -m tests.rewardmodel.one_look OUT REFUSES
"""

import os
import sys
from pathlib import Path

from preferences.errors import DamagedSnapshot
from rewardmodel.core.errors import ExpectedFailure
from rewardmodel.core.training.parallel import joined


def main(out: str, refuses: str) -> None:
    rank, machine = os.environ["RANK"], os.environ["GROUP_RANK"]

    def look() -> None:
        (Path(out) / f"look-{rank}").write_text(machine)
        if machine == refuses:
            raise DamagedSnapshot(f"Machine {machine} has another file.")

    with joined("cpu") as processes:
        try:
            processes.let_one_look(look)
        except (DamagedSnapshot, ExpectedFailure) as error:
            (Path(out) / f"word-{rank}").write_text(str(error))
        else:
            (Path(out) / f"word-{rank}").write_text("well")


if __name__ == "__main__":
    main(*sys.argv[1:])
