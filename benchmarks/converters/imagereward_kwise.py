"""ImageReward: rankings of pictures that are not there, and four pictures that only a model ranked.

The pictures' paths stand for them, so that rankings of up to nine with ties come in, with nothing to look at. The four
that are there come in without a judgment; their prompt stands in the folder's README.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.converters.files import Row, rows_in


def tables(folder: Path) -> Iterator[tuple[str, list[Row]]]:
    yield "rankings", rows_in(folder / "dev.json.gz")
    prompt = re.search(r'prompt "([^"]+)"', (folder / "README.md").read_text())
    pictures = sorted(str(path.relative_to(folder)) for path in (folder / "images").glob("*.webp"))
    yield "pictures", [{"prompt": prompt[1], "generations": pictures}] if prompt else []
