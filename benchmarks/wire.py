"""A proxy before PostgreSQL that counts the statements passing through it, whoever sends them and by whatever driver.

It reads PostgreSQL's protocol 3: a simple query and an execution of a prepared one are one statement each; BEGIN and
COMMIT count too. Both products are counted by the same wire, and neither has to be instrumented.
"""

import asyncio
import struct
import threading
from types import TracebackType
from urllib.parse import urlsplit, urlunsplit

ENCRYPTION_REQUESTS = (80877103, 80877104)  # SSL and GSSAPI: both are declined, so that the stream can be read
STATEMENTS = b"QE"  # Query, Execute
CHUNK = 65536


class StatementCounter:
    """`with StatementCounter(url) as counter:` listens on `counter.url`; `counter.statements` is the count so far."""

    def __init__(self, url: str) -> None:
        self._behind = urlsplit(url)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.statements = 0

    def __enter__(self) -> "StatementCounter":
        self._thread.start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(timeout=10)
        port = self._server.sockets[0].getsockname()[1]
        user, at, _ = self._behind.netloc.rpartition("@")
        self.url = urlunsplit(self._behind._replace(netloc=f"{user}{at}127.0.0.1:{port}"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _close(self) -> None:
        """Take no more clients, and leave those that are still here."""
        self._server.close()
        connections = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(self._behind.hostname, self._behind.port or 5432)
        answers = asyncio.create_task(_pass_on(server, to_client))
        try:
            await self._count(client, to_client, to_server)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            to_server.close()
            await answers

    async def _count(
        self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter, to_server: asyncio.StreamWriter
    ) -> None:
        while True:
            length, code = struct.unpack("!II", await client.readexactly(8))
            if code not in ENCRYPTION_REQUESTS:
                break
            to_client.write(b"N")
        to_server.write(struct.pack("!II", length, code) + await client.readexactly(length - 8))
        while True:
            head = await client.readexactly(5)
            length = struct.unpack("!I", head[1:])[0]
            self.statements += head[:1] in STATEMENTS
            to_server.write(head + await client.readexactly(length - 4))
            await to_server.drain()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
    except ConnectionError:
        pass  # one side has gone; the other is closed below
    finally:
        target.close()
