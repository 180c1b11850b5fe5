"""Rows about redirects: how many a second beside nginx, and how late the slow ones are."""

from __future__ import annotations

import socket
import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from scripts.benchmark import load, traffic
from scripts.benchmark.load import LOCAL, Load, LoadFailed
from scripts.benchmark.measuring import Line, Row, Run, compare, least, most
from scripts.benchmark.servers import Klink, Nginx, klink, nginx
from scripts.benchmark.traffic import slug_of

FULL = least(0.25, "x nginx")
HALF = most(5, "ms")
MILLION = least(0.8, "x 1,000 links")
IDLE = least(0.8, "x without")
CLOSE = least(0.5, "x nginx")
COLD = least(0.04, "x nginx")
CREATING = least(0.15, "x without")
CREATING_P99 = most(20, "ms")

IDLE_CONNECTIONS = 2000
CREATORS = 8


@contextmanager
def _both(run: Run) -> Iterator[tuple[Klink, Nginx]]:
    """A klink on all links, and nginx; idle until they are loaded."""
    with nginx(run.folder / "nginx") as theirs, klink(run.own_links()) as ours:
        ours.check([slug_of(0), slug_of(run.visited - 1)])
        yield ours, theirs


def _settled(server: Klink, requests: Path, seconds: int, *, once: bool = False) -> Load:
    """A load, after which the server has come to rest, so that it disturbs nobody."""
    found = server.load(requests, seconds, once=once)
    server.drained()
    return found


def _on_nginx(run: Run, server: Nginx, requests: Path, seconds: int) -> Load:
    found = server.load(requests, seconds)
    run.nginx_busy.setdefault(requests.name, []).append(round(server.busy, 2))
    return found


def _beside_nginx(
    run: Run, ours: Klink, theirs: Nginx, requests: Path, seconds: int, *, once: bool = False
) -> tuple[float, float, float, float]:
    """The rates of both on the same requests, their ratio, and klink's p99 in ms."""
    found = compare(
        run.pairs,
        lambda: _settled(ours, requests, seconds, once=once),
        lambda: _on_nginx(run, theirs, requests, run.short_s),
    )
    return found.ours, found.theirs, found.ratio, found.p99_ms


def full(run: Run) -> list[Line]:
    """Full load for long; the clicks are folded meanwhile."""
    requests = run.uniform()
    waited: list[float] = []

    with _both(run) as (ours, theirs):
        _settled(ours, requests, 1)

        def klinks() -> Load:
            found = ours.load(requests, run.seconds)
            waited.append(ours.drained())
            return found

        found = compare(run.pairs, klinks, lambda: _on_nginx(run, theirs, requests, run.short_s))
    note = (
        f"p99 {found.p99_ms:.1f} ms (nginx {found.theirs_p99_ms:.1f}); all folded "
        f"{statistics.median(waited):.1f} s after the load"
    )
    what = "redirects, every click journalled and folded"
    return [Line(what, found.ours, "/s", found.theirs, found.ratio, FULL, note)]


def half(run: Run) -> list[Line]:
    """How late the slowest hundredth is at half of the full load."""
    requests = run.uniform()
    offered: list[float] = []
    with _both(run) as (ours, theirs):
        _settled(ours, requests, 1)
        rate = _settled(ours, requests, run.short_s).rate

        def klinks() -> Load:
            found = ours.load(requests, run.short_s, rate=rate / 2)
            ours.drained()
            offered.append(found.rate)
            return found

        found = compare(
            run.pairs, klinks, lambda: theirs.load(requests, run.short_s, rate=rate / 2)
        )
    note = (
        f"{statistics.median(offered):,.0f}/s offered, of {rate:,.0f}/s; "
        f"nginx at the same rate {found.theirs_p99_ms:.1f} ms"
    )
    return [Line("p99 at half of the full load", found.p99_ms, "ms", bar=HALF, note=note)]


def million(run: Run) -> list[Line]:
    """All links by 1/rank instead of few links."""
    few = run.requests("few", lambda: traffic.uniform(1000, 200_000))
    warm = run.requests("rank-first", lambda: traffic.by_rank(run.links, run.drawn // 2, 1))
    many = run.ranked()
    with _both(run) as (ours, _):
        _settled(ours, warm, run.short_s)
        _settled(ours, few, 1)
        found = compare(
            run.pairs,
            lambda: _settled(ours, many, run.short_s),
            lambda: _settled(ours, few, run.short_s),
        )
    what = f"redirects, {run.links:,} links by 1/rank"
    note = f"p99 {found.p99_ms:.1f} ms"
    return [Line(what, found.ours, "/s", found.theirs, found.ratio, MILLION, note)]


def idle(run: Run) -> list[Line]:
    """Full load while many keep-alive connections do nothing."""
    requests = run.uniform()
    with _both(run) as (ours, _):
        _settled(ours, requests, 1)

        def besideidlers() -> Load:
            with idlers(ours.port):
                return _settled(ours, requests, run.short_s)

        found = compare(run.pairs, besideidlers, lambda: _settled(ours, requests, run.short_s))
    what = f"redirects beside {IDLE_CONNECTIONS:,} idle connections"
    note = f"p99 {found.p99_ms:.1f} ms"
    return [Line(what, found.ours, "/s", found.theirs, found.ratio, IDLE, note)]


@contextmanager
def idlers(port: int) -> Iterator[None]:
    """Keep-alive connections that asked once and are quiet now.

    :raises LoadFailed: when the server has closed some of them at the end.
    """
    asking = f"GET /{slug_of(0)} HTTP/1.1\r\nHost: {LOCAL}:{port}\r\n\r\n".encode()
    with ExitStack() as stack:
        idlers = []
        for _ in range(IDLE_CONNECTIONS):
            each = stack.enter_context(socket.create_connection((LOCAL, port), timeout=10))
            each.sendall(asking)
            if not each.recv(4096):
                raise LoadFailed("the server closed a connection that was to be kept")
            idlers.append(each)
        yield
        closed = sum(map(_is_closed, idlers))
    if closed:
        raise LoadFailed(f"{closed} of {IDLE_CONNECTIONS} idle connections were closed")


def _is_closed(each: socket.socket) -> bool:
    each.setblocking(False)
    try:
        return not each.recv(1)
    except BlockingIOError:
        return False


def close(run: Run) -> list[Line]:
    """What an old reverse proxy sends: HTTP/1.0, a connection for every request."""
    heads = traffic.heads("HTTP/1.0", "Connection: close\r\n")
    requests = run.requests("close", lambda: traffic.uniform(run.visited, 200_000), heads)
    with _both(run) as (ours, theirs):
        _settled(ours, requests, 1)

        def counted(measure: Callable[[], Load]) -> Load:
            before = _accepted()
            found = measure()
            if _accepted() - before < found.answered:
                raise LoadFailed("connections were used more than once")
            return found

        found = compare(
            run.pairs,
            lambda: counted(lambda: _settled(ours, requests, run.short_s)),
            lambda: counted(lambda: _on_nginx(run, theirs, requests, run.short_s)),
        )
    what = "redirects by HTTP/1.0, a connection each"
    note = f"p99 {found.p99_ms:.1f} ms (nginx {found.theirs_p99_ms:.1f})"
    return [Line(what, found.ours, "/s", found.theirs, found.ratio, CLOSE, note)]


def _accepted() -> int:
    """How many TCP connections this machine has accepted since it started."""
    names, values = (
        line.split()[1:]
        for line in Path("/proc/net/snmp").read_text().splitlines()
        if line.startswith("Tcp:")
    )
    return int(values[names.index("PassiveOpens")])


def cold(run: Run) -> list[Line]:
    """Every request another link that the process has not seen."""
    requests = run.every()
    loads, base = [], []
    with nginx(run.folder / "nginx") as theirs:
        for _ in range(run.pairs):
            with klink(run.own_links()) as ours:
                loads.append(_settled(ours, requests, run.short_s, once=True))
            base.append(_on_nginx(run, theirs, requests, run.short_s))
    rate = statistics.median(each.rate for each in loads)
    nginx_rate = statistics.median(each.rate for each in base)
    ratio = statistics.median(a.rate / b.rate for a, b in zip(loads, base, strict=True))
    note = f"{loads[0].answered:,} links, each once; p99 {loads[0].p99_ms:.1f} ms"
    return [Line("redirects of uncached links", rate, "/s", nginx_rate, ratio, COLD, note)]


def creating(run: Run) -> list[Line]:
    """Full load while API clients create links as fast as they can."""
    requests = run.uniform()
    with _both(run) as (ours, _):
        _settled(ours, requests, 1)
        creates = run.requests(
            f"creates-{ours.port}",
            lambda: [traffic.Target(1, traffic.LINKS_API)],
            [traffic.create_head(ours.key)],
        )
        made: list[float] = []
        refused: list[int] = []

        def beside_creators() -> Load:
            seconds = run.short_s + 2  # they begin before and end after
            with load.started(
                ours.port, creates, seconds, connections=CREATORS, method="POST"
            ) as creators:
                found = ours.load(requests, run.short_s)
                done = creators.result()
            # A few may be told that the database is busy; when many are, none create at all.
            if done.broken or done.refused > done.answered / 20:
                raise LoadFailed(f"{done.refused} of {done.answered} creates refused")
            made.append(done.rate)
            refused.append(done.refused)
            ours.drained()
            return found

        found = compare(run.pairs, beside_creators, lambda: _settled(ours, requests, run.short_s))
    what = f"redirects while {CREATORS} API clients create links"
    note = f"{statistics.median(made):,.0f} creates/s meanwhile, {sum(refused)} refused"
    return [
        Line(what, found.ours, "/s", found.theirs, found.ratio, CREATING, note),
        Line("p99 of these", found.p99_ms, "ms", bar=CREATING_P99),
    ]


def unseen(run: Run) -> list[Line]:
    """Headers that no request before had, so that no cache of headers can help."""
    requests = run.unseen()
    with _both(run) as (ours, theirs):
        _settled(ours, run.uniform(), 1)
        rate, base, ratio, p99 = _beside_nginx(run, ours, theirs, requests, run.short_s, once=True)
    what = "redirects, every request with headers never seen"
    return [Line(what, rate, "/s", base, ratio, note=f"p99 {p99:.1f} ms")]


ROWS = (
    Row(
        "redirects", "redirects a second, every click journalled and folded", (FULL,), full, "links"
    ),
    Row("p99-half", "p99 at half of the full load", (HALF,), half, "links"),
    Row("million", "all links by 1/rank instead of 1,000 links", (MILLION,), million, "links"),
    Row("idle", "with 2,000 idle keep-alive connections open", (IDLE,), idle, "links"),
    Row("close", "HTTP/1.0 with a connection for every request", (CLOSE,), close, "links"),
    Row("cold", "every request another uncached link", (COLD,), cold, "links"),
    Row(
        "creating",
        "redirects while 8 API clients create links",
        (CREATING, CREATING_P99),
        creating,
        "links",
    ),
    Row("unseen", "every request with headers never seen before", (), unseen, "links"),
)
