"""The rows that docs/formats.md shows are taken in by a project, once, with every verdict and annotator they name."""

import pytest

from labeling.models import Judgment
from preferences.formats import FORMATS, read_rows
from tests.factories import make_project
from tests.labeling.files import four, import_rows
from tests.preferences.test_formats_documented import EXAMPLES

pytestmark = pytest.mark.django_db


def files():
    """(format, rows): each documented row as a file of its own, but for those that belong together."""
    for name, rows in EXAMPLES.items():
        yield from [(name, rows)] if FORMATS[name].grouping else [(name, [row]) for row in rows]


@pytest.mark.parametrize(("name", "rows"), files())
def test_documented_rows_go_in_whole_and_once(tmp_path, name, rows):
    project = make_project()
    assert four(import_rows(project, tmp_path, rows)) == (len(rows), len(rows), 0, 0)
    readings = read_rows(enumerate(rows, start=1), FORMATS[name])
    judgments = [judgment for reading in readings for record in reading.records for judgment in record.judgments]
    reasons = Judgment.objects.filter(project=project).values_list("reason", flat=True)
    assert sorted(reasons) == sorted(judgment.reason for judgment in judgments)
    assert four(import_rows(project, tmp_path, rows)) == (len(rows), 0, 0, len(rows))
