"""Several files as one ZIP archive, written while they are read."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

_PACKED_ALREADY = (".parquet", ".gz", ".zst")
_FIRST_YEAR = 1980  # a ZIP archive knows none before


def zipped(files: Iterable[tuple[str, Iterable[bytes]]], *, root: str, at: datetime) -> Iterator[bytes]:
    """The archive piece by piece, in constant memory.

    Args:
        files: (path within the root, its bytes piece by piece), each read to its end before the next is asked for.
        root: the folder that the archive unpacks to.
        at: the time that every file gets, so that the same files give the same bytes.
    """
    sink, time = _Sink(), max(at.astimezone(UTC), datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)).timetuple()[:6]
    with ZipFile(sink, "w") as archive:  # type: ignore[call-overload]  # it needs no more than these
        for path, pieces in files:
            info = ZipInfo(f"{root}/{path}", time)
            info.compress_type = ZIP_STORED if path.endswith(_PACKED_ALREADY) else ZIP_DEFLATED
            info.external_attr = 0o100644 << 16
            with archive.open(info, "w", force_zip64=True) as file:
                for piece in pieces:
                    file.write(piece)
                    if sink.held:
                        yield sink.taken()
    yield sink.taken()


class _Sink:
    """Where the archive is written to: holds the bytes until they are taken."""

    def __init__(self) -> None:
        self.held = bytearray()

    def write(self, piece: bytes) -> int:
        self.held += piece
        return len(piece)

    def flush(self) -> None:
        pass

    def taken(self) -> bytes:
        taken = bytes(self.held)
        self.held.clear()
        return taken
