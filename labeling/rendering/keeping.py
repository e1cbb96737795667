"""What was rendered once, kept by content: the same response is shown to many people."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class KeptBySize(Generic[Kept]):
    """Values by key, the most recently used ones, up to `limit_bytes` in all; safe to share between threads."""

    def __init__(self, limit_bytes: int, size_of: Callable[[Kept], int]) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self._size_of = size_of
        self._values: OrderedDict[bytes, Kept] = OrderedDict()
        self._lock = Lock()

    def get(self, key: bytes) -> Kept | None:
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def put(self, key: bytes, value: Kept) -> None:
        """Keep a value; the ones used longest ago go until it fits. One larger than the limit is not kept."""
        size = self._size_of(value)
        if size > self.limit_bytes:
            return
        with self._lock:
            if key in self._values:
                return
            self._values[key] = value
            self.held_bytes += size
            while self.held_bytes > self.limit_bytes:
                _, oldest = self._values.popitem(last=False)
                self.held_bytes -= self._size_of(oldest)
