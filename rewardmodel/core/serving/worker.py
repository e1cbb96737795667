"""gunicorn's worker of threads, where slow clients keep no thread for long, the main thread least of all."""

import json
import os
import socket
from contextlib import suppress
from typing import Any

from gunicorn import util
from gunicorn.workers.gthread import TConn, ThreadWorker

from rewardmodel.core.serving.punctual_socket import LateRequest, PunctualSocket

SILENT_SECONDS = 30.0
WHOLE_SECONDS = 60.0


class ImpatientWorker(ThreadWorker):  # type: ignore[misc]
    """Breaks off a request that does not come, or not in time, and an answer that is not read."""

    def enqueue_req(self, conn: TConn) -> None:
        """Hand a connection to a thread. Its socket keeps the time: gunicorn would wait forever."""
        if not isinstance(conn.sock, PunctualSocket):
            conn.sock = PunctualSocket.over(
                conn.sock,
                silent_seconds=_seconds("PLUMBLINE_SCORER_SILENT_SECONDS", SILENT_SECONDS),
                whole_seconds=_seconds("PLUMBLINE_SCORER_WHOLE_SECONDS", WHOLE_SECONDS),
            )
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Answer a request, and say goodbye in the same thread: gunicorn's main thread would wait for each client."""
        conn.sock.begin_request()
        goes_on = super().handle(conn)
        if goes_on is False:
            with suppress(OSError):
                util.close_graceful(conn.sock.dup())
                conn.sock.shutdown(socket.SHUT_RDWR)
        return goes_on

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer 408 to a request of which not even the head came in time; gunicorn answers the rest."""
        if not isinstance(exc, LateRequest):
            return super().handle_error(req, client, addr, exc)
        body = json.dumps({"code": exc.code, "message": str(exc), "fields": {}}).encode()
        head = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/json\r\n"
        with suppress(OSError):
            util.write_nonblock(client, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return None


def _seconds(name: str, usual: float) -> float:
    return float(os.environ.get(name, usual))
