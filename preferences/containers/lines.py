"""A file's lines, with those that are too long passed over."""

import io
from collections.abc import Iterator

from preferences.containers.limits import KEPT_BYTES, PICTURE, Limits
from preferences.containers.unpacking import READ_BYTES
from preferences.errors import InvalidRow


def capped_lines(stream: io.BufferedReader, limits: Limits) -> Iterator[tuple[int, bytes | InvalidRow]]:
    """Number the lines from 1; one that is longer than a row may be is read past, piece by piece."""
    number = 0
    while line := stream.readline(limits.row_bytes + 2):
        number += 1
        if len(line) <= limits.row_bytes and line.endswith(b"\n"):
            yield number, line
            continue
        if len(line) > limits.row_bytes and not line.endswith(b"\n") and PICTURE in line:
            line += stream.readline(limits.picture_row_bytes - len(line) + 2)
        whole, allowed = len(line), limits.allowed(line)
        while not line.endswith(b"\n") and whole > allowed:
            rest = stream.readline(READ_BYTES)
            whole += len(rest)
            if not rest or rest.endswith(b"\n"):
                break
        if len(line.rstrip(b"\r\n")) > allowed:
            yield number, too_large(whole, allowed, line)
        else:
            yield number, line


def too_large(whole: int, allowed: int, start: bytes | bytearray, hint: str = "") -> InvalidRow:
    """Why a row of `whole` bytes, where `allowed` may be, is not read."""
    sentence = f"The row is too large: {whole:,} bytes, where {allowed:,} are allowed.{hint}"
    return InvalidRow(sentence, reason="too-large", line=bytes(start[:KEPT_BYTES]))
