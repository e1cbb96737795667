"""An import needs the memory of some hundred rows, however many there are: measured in a process of its own."""

import json

from tests.engines import fresh_database, run_python

IMPORT_TWICE = """
import json, resource, sys
from pathlib import Path
import django
django.setup()
from labeling.models import ImportBatch, Project
from labeling.services.imports import import_file

def peak_mb(file):
    project = Project.objects.get_or_create(slug="large", name="Large")[0]
    import_file(batch=ImportBatch.objects.create(project=project, file_name=file, format="auto"), path=Path(file))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

print(json.dumps([peak_mb(file) for file in sys.argv[1:]]))
"""
TEXT = "So it goes, on and on. " * 350  # some 8 kB
BEFORE_ROWS, MORE_ROWS = 2_500, 3_500  # 40 MB fill the database's own cache; then 57 MB


def test_many_more_rows_need_no_more_memory(tmp_path):
    files = []
    for name, numbers in (("first", range(BEFORE_ROWS)), ("more", range(BEFORE_ROWS, BEFORE_ROWS + MORE_ROWS))):
        files.append(str(tmp_path / f"{name}.jsonl"))
        with open(files[-1], "w") as file:
            for number in numbers:
                row = {"prompt": f"{number}?", "chosen": f"{number} {TEXT}", "rejected": f"{TEXT} {number}"}
                file.write(json.dumps(row) + "\n")
    with fresh_database("sqlite", tmp_path) as environment:
        first, more = json.loads(run_python(["-c", IMPORT_TWICE, *files], environment).splitlines()[-1])
    assert more - first < 15, f"{first:.0f} MB, then {more:.0f} MB for 57 MB of rows"
