"""An archive that is written while it is sent: what any reader unpacks, in memory that does not grow."""

import tracemalloc
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from preferences.containers.archive import zipped

AT = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)


def test_files_come_out_as_they_went_in_under_one_folder():
    files = [
        ("data/train.jsonl", [b"one\n", b"", b"two\n"]),
        ("data/a.parquet", [b"PAR1"]),
        ("README.md", ["카드".encode()]),
    ]
    archive = ZipFile(BytesIO(b"".join(zipped(files, root="set", at=AT))))
    assert {info.filename: archive.read(info) for info in archive.infolist()} == {
        f"set/{path}": b"".join(pieces) for path, pieces in files
    }
    assert {info.date_time for info in archive.infolist()} == {(2026, 1, 2, 3, 4, 6)}
    assert [info.compress_type for info in archive.infolist()] == [ZIP_DEFLATED, ZIP_STORED, ZIP_DEFLATED]


def test_a_piece_leaves_before_the_next_is_asked_for_and_nothing_is_kept():
    asked = []

    def pieces():
        for number in range(2_000):
            asked.append(number)
            yield bytes(10_000)

    leaving = zipped([("a.parquet", pieces())], root="set", at=AT)
    first = next(leaving)
    assert asked == [0]
    assert first.startswith(b"PK\x03\x04")
    tracemalloc.start()
    length = sum(map(len, leaving))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert length > 19_000_000
    assert peak < 2_000_000


def test_a_time_that_an_archive_cannot_say_is_the_first_that_it_can():
    archive = ZipFile(BytesIO(b"".join(zipped([("a", [b"x"])], root="set", at=datetime(1970, 1, 1, tzinfo=UTC)))))
    assert archive.infolist()[0].date_time[0] == 1980
