"""The annotator's page in a real Chromium beside Label Studio's: what it weighs, and the wait for the next comparison.

Both products stand on one PostgreSQL server, the browser on the same machine. A load begins with an empty cache and a
valid session. Bytes are counted by Chromium as they came, and once more as a proxy would have gzipped those that came
uncompressed, which the peer's image has and uwsgi alone has not. A wait runs from the key that submits until another
prompt with both its answers has been painted; before it the annotator thinks for a while, in both products the same.
Products take turns. Memory is the proportional share (PSS) of the web server's processes.
"""

import argparse
import os
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks import label_studio, plumbline
from benchmarks.browser import Annotator, Workplace
from benchmarks.label_studio import LabelStudio
from benchmarks.machine import cpu_seconds, proportional_memory, tree
from benchmarks.plumbline import Plumbline
from benchmarks.report import Row, installed, percentile, row_of_rounds
from benchmarks.servers import Server, Unavailable, fresh_postgres

CHROMIUM = os.environ.get("PLUMBLINE_CHROMIUM", "/usr/bin/chromium")
QUICK = {"loads": 1, "submissions": 6}
FULL = {"loads": 3, "submissions": 40}
TURN = 10  # submissions in a row before the other product has its turn
THINK_SECONDS = 0.5
TASKS = 400
QUIET_CPU_SECONDS = 0.05
SETTLED_WITHIN_SECONDS = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--loads", type=int, help=f"first loads of each page ({FULL['loads']})")
    parser.add_argument("--submissions", type=int, help=f"timed submissions on each page ({FULL['submissions']})")
    parser.add_argument("--think", type=float, default=THINK_SECONDS, help=f"seconds before each ({THINK_SECONDS})")
    label_studio.add_arguments(parser)


class Figures:
    """Every figure by what it is and whose it is."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, name: str, unit: str, label: str, value: float) -> None:
        self._values[name, unit][label].append(value)

    def rows(self, peer: str) -> list[Row]:
        return [
            row_of_rounds(
                name,
                label,
                values,
                unit,
                peer=label_studio.NAME,
                peer_values=by_label.get(peer, ()) if label != peer else (),
            )
            for (name, unit), by_label in self._values.items()
            for label, values in by_label.items()
        ]


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    for name, value in (QUICK if arguments.quick else FULL).items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
    versions = installed("Django", "gunicorn", "psycopg", "playwright")
    figures = Figures()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            database_url = stack.enter_context(fresh_postgres(arguments.postgres, prefix="plumbline_bench"))
        except Unavailable as reason:
            print(f"  POSTGRESQL AND THE PEER ARE MISSING, ours runs on SQLite: {reason}")
            database_url, arguments.no_peer = None, True
        ours = Plumbline(folder / "plumbline", database_url)
        ours.fill(people=1)
        ours.top_up(TASKS)
        ours.prepare_pages()
        servers = {ours.label: stack.enter_context(ours.serving())}
        workplaces = [_our_workplace(ours, servers[ours.label].port)]
        peer, versions["label-studio"] = label_studio.prepare(arguments, folder, stack, people=1)
        if peer:
            with peer.serving(cheaper=True) as server:
                name = "idle memory of the web processes, its image's way: one until there is load"
                figures.add(name, "MB", peer.label, _settled_memory(server))
            servers[peer.label] = stack.enter_context(peer.serving())
            peer.create_project(servers[peer.label].port, TASKS)
            workplaces.append(_peer_workplace(peer, servers[peer.label].port))
        for label, server in servers.items():
            figures.add("start until the first answer", "s", label, server.ready_seconds)
            figures.add("idle memory of the web processes", "MB", label, _settled_memory(server))
        versions["chromium"] = _work(arguments, workplaces, figures)
        for label, server in servers.items():
            figures.add("memory of the web processes after all", "MB", label, _settled_memory(server))
        for product in filter(None, (ours, peer)):
            stored = len(product.stored())
            assert stored == arguments.submissions, f"{product.label}: {stored} of {arguments.submissions} are stored."
        return figures.rows(peer.label if peer else ""), versions


def _work(arguments: argparse.Namespace, workplaces: list[Workplace], figures: Figures) -> str:
    """Load every page and judge on it, in turns; returns Chromium's version."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        annotators = [Annotator(browser, workplace, TASKS) for workplace in workplaces]
        for _ in range(arguments.loads):
            for annotator in annotators:
                _note_load(annotator, figures)
        waits: dict[str, list[float]] = defaultdict(list)
        for done in range(0, arguments.submissions, TURN):
            for annotator in annotators:
                count = min(TURN, arguments.submissions - done)
                waits[annotator.workplace.label] += [annotator.submit(arguments.think) for _ in range(count)]
        for label, seconds in waits.items():
            print(f"  {label:38} submit → next painted: median {1000 * percentile(seconds, 0.5):.0f} ms", flush=True)
            figures.add("submit → next painted, median", "ms", label, 1000 * percentile(seconds, 0.5))
            figures.add("submit → next painted, 95th percentile", "ms", label, 1000 * percentile(seconds, 0.95))
        return browser.version


def _note_load(annotator: Annotator, figures: Figures) -> None:
    load, label = annotator.load(), annotator.workplace.label
    print(
        f"  {label:38} first load: {load.gzipped_bytes / 1000:.0f} kB compressed, "
        f"{load.sent_bytes / 1000:.0f} kB as sent, {load.requests} requests, painted after {load.seconds:.2f} s"
        + (f"; {len(load.failed)} requests failed: {load.failed[:3]}" if load.failed else ""),
        flush=True,
    )
    figures.add("first load, compressed", "kB", label, load.gzipped_bytes / 1000)
    figures.add("first load, as sent without a proxy", "kB", label, load.sent_bytes / 1000)
    figures.add("first load, requests", "requests", label, load.requests)
    figures.add("first load until the comparison is painted", "ms", label, 1000 * load.seconds)


def _settled_memory(server: Server) -> float:
    """Megabytes once the server's processes have stopped to work."""
    deadline, before = time.monotonic() + SETTLED_WITHIN_SECONDS, cpu_seconds(tree(server.root))
    while time.monotonic() < deadline:
        time.sleep(1)
        after = cpu_seconds(tree(server.root))
        if after - before < QUIET_CPU_SECONDS:
            break
        before = after
    return proportional_memory(tree(server.root)) / 1e6


def _our_workplace(ours: Plumbline, port: int) -> Workplace:
    host = f"http://127.0.0.1:{port}"

    def sign_in(page: Page) -> None:
        page.goto(f"{host}/accounts/login/")
        page.fill("input[name=login]", "annotator-0@example.org")
        page.fill("input[name=password]", plumbline.PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{host}/")

    return Workplace(
        label=ours.label,
        url=f"{host}/projects/{plumbline.SLUG}/label/",
        texts="#workbench",
        sign_in=sign_in,
        choose=lambda page: page.keyboard.press("1"),
        submit="Enter",
    )


def _peer_workplace(peer: LabelStudio, port: int) -> Workplace:
    host, texts = f"http://127.0.0.1:{port}", ".lsf-htx-richtext"

    def sign_in(page: Page) -> None:
        page.goto(f"{host}/user/login/")
        page.fill("input[name=email]", "annotator-0@example.org")
        page.fill("input[name=password]", label_studio.PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/user/login" not in url)

    return Workplace(
        label=peer.label,
        url=f"{host}/projects/{peer.project}/data?labeling=1",
        texts=texts,
        sign_in=sign_in,
        choose=lambda page: page.locator(texts).nth(1).click(),
        submit="Control+Enter",
    )
