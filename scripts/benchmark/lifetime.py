"""Rows about a server's life: how it starts, how large it grows, what its death costs."""

from __future__ import annotations

import http.client
import random
import sqlite3
import statistics
import time
from pathlib import Path

from scripts.benchmark import links, load, traffic
from scripts.benchmark.load import LOCAL, LoadFailed
from scripts.benchmark.measuring import Line, Row, Run, least, most
from scripts.benchmark.redirects import idlers
from scripts.benchmark.servers import START_S, Klink, klink
from scripts.benchmark.traffic import slug_of

COUNTED = least(1, "always")
MEMORY = most(250, "MiB")
START = most(1, "s")

_KILLED_LINKS = 1000


def kill(run: Run) -> list[Line]:
    """End it by SIGKILL at full load, several times: answered <= counted <= asked."""
    data_dir = run.folder / "killed"
    links.make(data_dir, _KILLED_LINKS)
    requests = run.requests("killed", lambda: traffic.uniform(_KILLED_LINKS, 50_000))
    draw = random.Random(traffic.SEED)
    answered = asked = 0
    with klink(data_dir) as server:
        rounds = 2 if run.quick else 5
        for _ in range(rounds):
            seconds = min(run.short_s, 4)
            with load.started(server.port, requests, seconds) as loading:
                time.sleep(draw.uniform(0.3, 0.8) * seconds)
                server.kill()
                found = loading.result()
            answered += found.answered
            # Each connection asks for one thing at a time; wrk also counts what it could not send.
            asked += min(found.asked, found.answered + load.CONNECTIONS)
            server.restart()
        server.drained()
    counted = _counted(data_dir)
    kept = answered <= counted <= asked
    note = f"{answered:,} <= {counted:,} <= {asked:,} after {rounds} times"
    return [Line("answered <= counted <= asked, kill -9", float(kept), "", bar=COUNTED, note=note)]


def _counted(data_dir: Path) -> int:
    """The clicks in the database; rows and totals must agree."""
    with sqlite3.connect(f"file:{data_dir}/klink.db?mode=ro", uri=True) as database:
        rows = database.execute("SELECT count(*) FROM clicks WHERE is_click = 1").fetchone()[0]
        totals = database.execute("SELECT sum(clicks) FROM link_totals").fetchone()[0]
    database.close()
    if rows != totals:
        raise LoadFailed(f"{rows} rows of clicks, but totals of {totals}")
    return int(rows)


def start(run: Run) -> list[Line]:
    """From the command to the first redirect."""
    times = []
    for _ in range(3):
        began = time.monotonic()
        server = Klink(run.own_links())
        try:
            _first_answer(server)
            times.append(time.monotonic() - began)
        finally:
            server.end()
    what = f"start to first answer, {run.links:,} links"
    return [Line(what, statistics.median(times), "s", bar=START)]


def _first_answer(server: Klink) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(LOCAL, server.port, timeout=5)
        try:
            connection.request("GET", f"/{slug_of(0)}", headers={"User-Agent": "klink-bench"})
            if connection.getresponse().status == 302:
                return
        except OSError:
            time.sleep(0.002)
        finally:
            connection.close()
    raise LoadFailed("the server did not answer")


def memory(run: Run) -> list[Line]:
    """How large it is after loads of every kind, the last of which visits every link."""
    with klink(run.own_links()) as server:
        server.load(run.uniform(), run.short_s)
        server.load(run.ranked(), run.short_s)
        with idlers(server.port):
            server.load(run.unseen(), run.short_s)
        visited = server.load(run.every(), 10 if run.quick else 2 * run.seconds, once=True).answered
        server.drained()
        size = server.memory_mib()
    note = f"{min(visited, run.links):,} links visited in the last load alone"
    return [Line("memory after all redirect loads", size, "MiB", bar=MEMORY, note=note)]


ROWS = (
    Row("kill", "answered <= counted <= asked after kill -9 at full load", (COUNTED,), kill),
    Row("memory", "memory after redirect loads of every kind", (MEMORY,), memory, "links"),
    Row("start", "start to first answer with all links", (START,), start, "links"),
)
