"""Packing bytes as they come: the same bytes in the same pieces give the same file, on any day."""

import zlib
from collections.abc import Callable
from typing import Protocol

import zstandard


class Packer(Protocol):
    """pack: what can leave of the bytes so far; at once if asked, though that costs some size. finish: the rest."""

    def pack(self, piece: bytes, *, at_once: bool = False) -> bytes: ...

    def finish(self) -> bytes: ...


class _AsItIs:
    def pack(self, piece: bytes, *, at_once: bool = False) -> bytes:
        return piece

    def finish(self) -> bytes:
        return b""


class _Gzip:
    def __init__(self) -> None:
        self._packer = zlib.compressobj(6, zlib.DEFLATED, 31)  # 31: in gzip's frame, which zlib leaves without a time

    def pack(self, piece: bytes, *, at_once: bool = False) -> bytes:
        packed = self._packer.compress(piece)
        return packed + self._packer.flush(zlib.Z_SYNC_FLUSH) if at_once else packed

    def finish(self) -> bytes:
        return self._packer.flush()


class _Zstandard:
    def __init__(self) -> None:
        self._packer = zstandard.ZstdCompressor(level=3, write_checksum=True).compressobj()

    def pack(self, piece: bytes, *, at_once: bool = False) -> bytes:
        packed = self._packer.compress(piece)
        return packed + self._packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) if at_once else packed

    def finish(self) -> bytes:
        return self._packer.flush()


PACKERS: dict[str, Callable[[], Packer]] = {"": _AsItIs, "gz": _Gzip, "zst": _Zstandard}
