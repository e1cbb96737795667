"""The scoring application behind a real socket, for tests of what asks it."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from rewardmodel.core.serving.model_pool import ModelPool
from rewardmodel.core.serving.serve import ScoringApplication


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def serving(home: Path, *, port: int, token: str) -> Iterator[str]:
    """Its address while it answers for the models under `home`."""
    application = ScoringApplication(ModelPool(home), token=token)

    def limited(environ: Any, start_response: Any) -> Any:  # wsgiref hands over the open socket
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        return application(environ, start_response)

    server = make_server("127.0.0.1", port, limited, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()
