"""Rows about making links: one by one beside a bare Flask route, and many at once."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

from klink.core.links import NewLink
from scripts.benchmark import links, load, traffic
from scripts.benchmark.inside import inside
from scripts.benchmark.load import LOCAL, Load, LoadFailed
from scripts.benchmark.measuring import Line, Row, Run, compare, least
from scripts.benchmark.servers import Klink, klink, program

SINGLE = least(0.2, "x bare Flask")
BULK = least(10_000, "/s")

CLIENTS = 8
_ROUNDS = 100


def single(run: Run) -> list[Line]:
    """Creates by as many clients as fast as they can, and the same requests to bare Flask."""
    with (
        program(run.folder / "bare", "scripts.benchmark.bare") as bare,
        klink(run.own_links()) as server,
    ):
        head = traffic.create_head(server.key)
        requests = run.requests(
            f"creates-{server.port}", lambda: [traffic.Target(1, traffic.LINKS_API)], [head]
        )

        def posted(port: int, seconds: int) -> Load:
            return load.run(port, requests, seconds, connections=CLIENTS, method="POST")

        for port in (server.port, bare):  # the first requests are slower
            posted(port, 1)
        found = compare(
            run.pairs,
            lambda: posted(server.port, run.short_s),
            lambda: posted(bare, run.short_s),
        )
    note = f"p99 {found.p99_ms:.1f} ms (bare Flask {found.theirs_p99_ms:.1f})"
    what = f"single creates, {CLIENTS} connections"
    return [Line(what, found.ours, "/s", found.theirs, found.ratio, SINGLE, note)]


def bulk(run: Run) -> list[Line]:
    """Many at once: over the API, and as an importer calls the core."""
    return [
        Line(f"bulk create over the API, {links.BULK:,} a request", _over_api(run), "/s", bar=BULK),
        Line("links made by the core, as an importer does", _by_core(run), "/s", bar=BULK),
    ]


def _over_api(run: Run) -> float:
    """Links a second."""
    with klink(run.own_links()) as server:
        bodies = (
            json.dumps(
                [
                    {"slug": new.slug, "url": new.url, "title": new.title, "tags": new.tags}
                    for new in few
                ]
            ).encode()
            for few in _new_links("api")
        )
        key = server.key
        return _rate(run, (partial(_post, server, key, body) for body in bodies))


def _post(server: Klink, key: str, body: bytes) -> None:
    connection = http.client.HTTPConnection(LOCAL, server.port, timeout=300)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request("POST", f"/{traffic.LINKS_API}/bulk", body, headers)
    answer = connection.getresponse()
    made = json.loads(answer.read())
    connection.close()
    if answer.status != 207 or any(item["status"] != 201 for item in made):
        raise LoadFailed(f"bulk creation is answered {answer.status}: {str(made)[:200]}")


def _by_core(run: Run) -> float:
    """Links a second."""
    with inside(run.own_links()) as opened:
        return _rate(run, (partial(links.create, opened, few) for few in _new_links("core")))


def _rate(run: Run, calls: Iterator[Callable[[], None]]) -> float:
    """Links a second by calls of ``links.BULK`` each, for as long as a short load takes."""
    times: list[float] = []
    next(calls)()  # the first one warms up
    while sum(times) < run.short_s and len(times) < _ROUNDS:
        call = next(calls)
        began = time.monotonic()
        call()
        times.append(time.monotonic() - began)
    return links.BULK / statistics.mean(times)


def _new_links(prefix: str) -> Iterator[list[NewLink]]:
    """Lists of links that nobody has made."""
    prefix = f"{prefix}-{time.time_ns():x}"
    for turn in count():
        numbers = range(turn * links.BULK, (turn + 1) * links.BULK)
        yield [
            NewLink(
                slug=f"{prefix}-{number}",
                url=f"https://www.example.com/{links.words(number)}",
                title=links.words(number),
                tags=(links.tag_of(number),),
            )
            for number in numbers
        ]


ROWS = (
    Row(
        "single-create",
        "single creates over the API, 8 connections, beside bare Flask",
        (SINGLE,),
        single,
        "links",
    ),
    Row("bulk-create", "bulk create over the API and by the core", (BULK, BULK), bulk, "links"),
)
