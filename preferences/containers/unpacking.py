"""A file's bytes, unpacked piece by piece, with caps on what they may grow to."""

import gzip
import io
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import zstandard

from preferences.containers.limits import Limits
from preferences.errors import UnreadableFile

Source = Path | str | BinaryIO
READ_BYTES = 1024 * 1024
GZIP = b"\x1f\x8b"
ZSTANDARD = b"\x28\xb5\x2f\xfd"
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)


class Unpacked(io.RawIOBase):
    """What a file holds once unpacked. What comes before a damage or a cap is read before it is raised.

    Gzip and Zstandard are recognised by their first bytes. Raises: UnreadableFile.
    """

    def __init__(self, raw: BinaryIO, limits: Limits) -> None:
        start = raw.read(4)
        raw.seek(-len(start), os.SEEK_CUR)
        self.raw, self._limits = raw, limits
        self.is_packed = start.startswith((GZIP, ZSTANDARD))
        self._read: Callable[[int], bytes] = raw.read
        if start.startswith(GZIP):
            self._read = gzip.GzipFile(fileobj=raw, mode="rb").read1
        elif start.startswith(ZSTANDARD):
            self._read = _ZstandardFile(raw).read
        self._given = 0
        self._refusal: UnreadableFile | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        filled = 0
        while filled < len(view) and not self._refusal:
            try:
                piece = self._next(min(len(view) - filled, READ_BYTES))
            except UnreadableFile as refusal:
                self._refusal = refusal
                break
            if not piece:
                return filled
            view[filled : filled + len(piece)] = piece
            filled += len(piece)
        if self._refusal and not filled:
            raise self._refusal
        return filled

    def _next(self, size: int) -> bytes:
        room = self._limits.file_bytes - self._given
        try:
            piece = self._read(max(min(size, room), 1))
        except _DAMAGED:
            raise UnreadableFile("The compressed file is damaged or ends too early.") from None
        if piece and not room:
            raise UnreadableFile(f"The file holds more than {self._limits.file_bytes:,} bytes.")
        self._given += len(piece)
        ratio = self._limits.ratio
        if self.is_packed and self._given > max(self._limits.ratio_from_bytes, ratio * self.raw.tell()):
            raise UnreadableFile(f"The compressed file unpacks to more than {ratio} times its size.")
        return piece


class _ZstandardFile:
    """Reads frame after frame; the library's own reader would take a file that breaks off for whole."""

    PIECE_BYTES = 256  # unpacks to 8 MiB at most: a block of four bytes may hold 128 KiB
    WINDOW_BYTES = 128 * 1024 * 1024  # what `zstd --long` writes

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._packed = self._unpacked = b""
        self._at = 0  # in the packed bytes
        self._frame = self._new_frame()
        self._is_between = True

    def read(self, size: int) -> bytes:
        while not self._unpacked:
            piece = self._packed[self._at : self._at + self.PIECE_BYTES] or self._refill()
            if not piece:
                return b""
            self._unpacked = self._frame.decompress(piece)
            self._at += len(piece)
            self._is_between = self._frame.eof
            if self._is_between:
                self._at -= len(self._frame.unused_data)
                self._frame = self._new_frame()
        given, self._unpacked = self._unpacked[:size], self._unpacked[size:]
        return given

    def _new_frame(self) -> "zstandard.ZstdDecompressionObj":
        return zstandard.ZstdDecompressor(max_window_size=self.WINDOW_BYTES).decompressobj()

    def _refill(self) -> bytes:
        self._packed, self._at = self._raw.read(READ_BYTES), 0
        if not self._packed and not self._is_between:
            raise EOFError
        return self._packed[: self.PIECE_BYTES]


@contextmanager
def unpacked(source: Source, limits: Limits) -> Iterator[io.BufferedReader]:
    """Open a file, or take one that is open and can seek, and close only what was opened here.

    The reader raises UnreadableFile for damaged compression and for more data than the limits allow.
    """
    with ExitStack() as stack:
        raw = stack.enter_context(open(source, "rb")) if isinstance(source, Path | str) else source
        yield io.BufferedReader(Unpacked(raw, limits), READ_BYTES)


@contextmanager
def seekable(stream: io.BufferedReader) -> Iterator[BinaryIO]:
    """The file behind what `unpacked` gave, for what is read from its end; a packed one is unpacked to disk.

    Raises: UnreadableFile as reading the stream does.
    """
    source = stream.raw
    assert isinstance(source, Unpacked)  # noqa: S101
    if not source.is_packed:
        source.raw.seek(0)
        yield source.raw
        return
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file, READ_BYTES)
        yield file
