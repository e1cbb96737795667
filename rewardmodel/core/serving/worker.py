"""gunicorn's worker of threads, where clients that fall silent keep no thread, the main thread least of all."""

import os
import socket
import struct
from contextlib import suppress
from typing import Any

from gunicorn import util
from gunicorn.workers.gthread import TConn, ThreadWorker

SILENT_SECONDS = 30.0


class ImpatientWorker(ThreadWorker):  # type: ignore[misc]
    """Breaks off a request of which nothing comes, and an answer of which nothing is read."""

    def enqueue_req(self, conn: TConn) -> None:
        """Hand a connection to a thread. The socket itself keeps the time: gunicorn tells Python's to wait forever."""
        seconds = float(os.environ.get("PLUMBLINE_SCORER_SILENT_SECONDS", SILENT_SECONDS))
        limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            conn.sock.setsockopt(socket.SOL_SOCKET, option, limit)
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Answer a request, and say goodbye in the same thread: gunicorn's main thread would wait for each client."""
        goes_on = super().handle(conn)
        if goes_on is False:
            with suppress(OSError):
                util.close_graceful(conn.sock.dup())
                conn.sock.shutdown(socket.SHUT_RDWR)
        return goes_on
