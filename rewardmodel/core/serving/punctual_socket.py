"""A socket on which clients have to keep time: for the next byte, for a whole request, and for a whole answer."""

import errno
import socket
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

T = TypeVar("T")


class LateRequest(Exception):
    """The client fell silent, or took too long in all; the message is the sentence that it gets.

    It is no OSError, so that the server answers it where it would only log and close.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class PunctualSocket(socket.socket):
    """A connection whose client may be silent for a while, and slow for a while, but not for longer.

    It keeps the time wherever the server would wait forever; who sets a timeout of their own keeps it themselves.
    """

    silent_seconds = 0.0
    whole_seconds = 0.0
    _until = 0.0

    @classmethod
    def over(cls, connection: socket.socket, *, silent_seconds: float, whole_seconds: float) -> Self:
        """Take over a connection.

        Args:
            silent_seconds: how long the client may send nothing, or read nothing, in the middle.
            whole_seconds: how long a request may take to arrive, and an answer to be read.
        """
        family, kind, protocol = connection.family, connection.type, connection.proto
        punctual = cls(family, kind, protocol, fileno=connection.detach())
        punctual.silent_seconds, punctual.whole_seconds = silent_seconds, whole_seconds
        return punctual

    def begin_request(self) -> None:
        """From now on a whole request is expected."""
        self._until = time.monotonic() + self.whole_seconds

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Raises: LateRequest."""
        if self.gettimeout() is not None:
            return super().recv(size, flags)
        try:
            return self._in_time(self._until, super().recv, size, flags)
        except TimeoutError:
            if time.monotonic() < self._until:
                message = f"Nothing more of the request came for {self.silent_seconds:g} s. Send it again."
                raise LateRequest(message, code="silent") from None
            message = f"The request did not come whole within {self.whole_seconds:g} s. Send fewer items at a time."
            raise LateRequest(message, code="late") from None

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Raises: BrokenPipeError when the client does not read."""
        if self.gettimeout() is not None:
            return super().sendall(data, flags)
        rest, until = memoryview(data), time.monotonic() + self.whole_seconds
        try:
            while rest:
                rest = rest[self._in_time(until, super().send, rest, flags) :]
        except TimeoutError:
            raise BrokenPipeError(errno.EPIPE, "the client does not read its answer") from None
        return None

    def _in_time(self, until: float, work: Callable[..., T], *args: Any) -> T:
        left = min(self.silent_seconds, until - time.monotonic())
        if left <= 0:
            raise TimeoutError
        self.settimeout(left)
        try:
            return work(*args)
        finally:
            self.settimeout(None)
