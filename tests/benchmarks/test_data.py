"""The rows of the data benchmark say the same to both products, and its figures are counted rightly."""

import http.server
import json
import threading
from types import SimpleNamespace

import pytest

from benchmarks.data import PeerFigures, download, native_row, peer_task, step_rows
from benchmarks.texts import pairs
from preferences.formats import FORMATS, detect

CONTENT = b'{"a": 1}\n{"a": 2}\n{"a": 3}\n'


@pytest.fixture
def port():
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            content = json.dumps([{}, {}]).encode() if self.path == "/array" else CONTENT
            self.send_response(200 if self.path != "/missing" else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *words):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_a_row_is_recognised_and_prefers_the_same_answer_as_the_peers_task():
    for number, pair in enumerate(pairs(4)):
        row, task = native_row(number, pair), peer_task(number, pair)
        assert detect([row]) == "plumbline"
        (record,) = FORMATS["plumbline"].read(row)
        best = record.responses[record.judgments[0].ranking[0][0]].content
        side = task["annotations"][0]["result"][0]["value"]["selected"]
        assert best == task["data"]["answer1" if side == "left" else "answer2"]


def test_an_answer_is_counted_by_its_lines_or_by_the_members_of_its_array(port):
    assert download(port, "/lines", {}, lines=True).rows == 3
    read = download(port, "/array", {}, lines=False)
    assert read.rows == 2
    assert 0 < read.first_byte_seconds[0] <= read.seconds


def test_an_answer_that_is_no_success_is_no_figure(port):
    with pytest.raises(AssertionError, match="answered 404"):
        download(port, "/missing", {}, lines=True)


def test_speeds_stand_beside_the_peers_and_memory_beside_that_of_the_small_size():
    peer = PeerFigures(100.0, 50.0, 10.0, 2.0)
    steps = {name: {"seconds": 2.0, "peak_bytes": 3_000_000} for name in ("import", "freeze", "export as trl")}
    rows = {row.name: row for row in step_rows(steps, SimpleNamespace(label="ours"), 1000, {"import": 2_000_000}, peer)}
    assert (rows["import of 1,000"].value, rows["import of 1,000"].ratio) == (500.0, 10.0)
    assert rows["freeze of 1,000"].ratio is None
    assert rows["export as trl of 1,000"].ratio == 50.0
    assert rows["import of 1,000, peak memory"].ratio == 1.5
    assert rows["freeze of 1,000, peak memory"].ratio is None
