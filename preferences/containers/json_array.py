"""One JSON array of objects, as tools and notebooks write it, taken apart without reading it whole."""

import io
import re
from collections.abc import Iterator

from preferences.containers.jsonl import parse_row
from preferences.containers.limits import KEPT_BYTES, Limits, Row
from preferences.containers.lines import too_large
from preferences.errors import InvalidRow, UnreadableFile

PIECE_BYTES = 64 * 1024
_OUTSIDE_TEXT = re.compile(rb'["\[\]{},]')
_WITHIN_TEXT = re.compile(rb'["\\]')


def read_rows(stream: io.BufferedReader, limits: Limits) -> Iterator[tuple[int, Row | InvalidRow]]:
    """Read the elements of an array, numbered from 1. Raises: UnreadableFile if it does not end, or more follows."""
    number = 0
    for element in _elements(stream, limits):
        if isinstance(element, bytes) and not element:
            continue
        number += 1
        yield number, element if isinstance(element, InvalidRow) else parse_row(element)


class _Element:
    """One element as it arrives; of one that is too large only the start is kept."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._bytes, self._size = limits, bytearray(), 0
        self._allowed = limits.row_bytes
        self._is_whole = True

    def add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._is_whole:
            self._bytes += piece
            if self._size > self._allowed:
                self._allowed = self._limits.allowed(self._bytes)
            if self._size > self._allowed:
                self._is_whole = False
                del self._bytes[KEPT_BYTES:]

    def end(self) -> bytes | InvalidRow:
        return bytes(self._bytes).strip() if self._is_whole else too_large(self._size, self._allowed, self._bytes)


def _elements(stream: io.BufferedReader, limits: Limits) -> Iterator[bytes | InvalidRow]:
    """The bytes between the commas of the outermost array."""
    _pass_over_start(stream)
    element, depth, is_text, at = _Element(limits), 0, False, 0
    while piece := stream.read(PIECE_BYTES):
        start = 0
        while token := (_WITHIN_TEXT if is_text else _OUTSIDE_TEXT).search(piece, at):
            at = token.end()
            match token.group():
                case b"\\":
                    at += 1  # what is escaped, perhaps in the next piece
                case b'"':
                    is_text = not is_text
                case b"[" | b"{":
                    depth += 1
                case b"," | b"]" if depth == 0:
                    element.add(piece[start : token.start()])
                    yield element.end()
                    if token.group() == b"]":
                        _check_end(piece[at:], stream)
                        return
                    element, start = _Element(limits), at
                case b"]" | b"}":
                    depth = max(depth - 1, 0)
        element.add(piece[start:])
        at = max(at - len(piece), 0)
    raise UnreadableFile("The file is one JSON array that does not end: its last “]” is missing.")


def _pass_over_start(stream: io.BufferedReader) -> None:
    """Read up to and with the array's first bracket, which was seen when the file was recognised."""
    while stream.read(1) != b"[":
        pass


def _check_end(rest: bytes, stream: io.BufferedReader) -> None:
    while rest:
        if rest.strip():
            raise UnreadableFile("After the end of the JSON array there is more: one array, or one object a line.")
        rest = stream.read(PIECE_BYTES)
