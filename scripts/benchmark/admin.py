"""The row about the admin page: how long its pages take with many links and clicks."""

from __future__ import annotations

import base64
import http.client
import json
import re
import sqlite3
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode, urljoin

from klink.core import sessions
from scripts.benchmark.history import DAYS
from scripts.benchmark.inside import inside
from scripts.benchmark.links import tag_of
from scripts.benchmark.load import LOCAL, LoadFailed
from scripts.benchmark.measuring import Line, Row, Run, most
from scripts.benchmark.servers import Klink, klink
from scripts.benchmark.traffic import place, slug_of

SHOWN = most(100, "ms")
FIRST_LOAD = most(200, "KiB")

_CALLS = 40
_DAY_MS = 86_400_000
_PART = re.compile(r'<(?:link|script)\b[^>]*?\b(?:href|src)="(/[^"]+)"')
_IMPORTED = re.compile(r'^import\b[^"]*"(\.?\.?/[^"]+)";', re.MULTILINE)


@dataclass(frozen=True)
class Took:
    """How long pages took: to whoever asks, and of a processor's time; ms."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def line(self, what: str, *, is_judged: bool) -> Line:
        """A line of the table, of what was asked for again and again."""
        note = (
            f"p95 {percentile(self.wall, 95):.1f} ms; "
            f"the server computes for {statistics.median(self.cpu):.1f} ms"
        )
        bar = SHOWN if is_judged else None
        return Line(what, statistics.median(self.wall), "ms", bar=bar, note=note)


def percentile(values: Sequence[float], of: int) -> float:
    """The value that ``of`` percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(-(-len(ordered) * of // 100) - 1, 0)]


def parts_of(page: str) -> list[str]:
    """The paths of what a page loads: its styles, scripts and icon."""
    return list(dict.fromkeys(found.replace("&amp;", "&") for found in _PART.findall(page)))


def imports_of(path: str, script: str) -> list[str]:
    """The paths of what a script loads."""
    return [urljoin(path, found) for found in _IMPORTED.findall(script)]


def cursor(sort: str, *values: int | str) -> str:
    """Where a list goes on after these values, as klink writes it: to begin far down."""
    text = json.dumps([sort, *values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


class Browser:
    """One keep-alive connection of somebody who is signed in."""

    def __init__(self, server: Klink, token: str) -> None:
        self._connection = http.client.HTTPConnection(LOCAL, server.port, timeout=120)
        self._cookie = f"klink={token}"
        self._pid = server.process.pid

    def get(self, path: str) -> bytes:
        """A page or a file.

        :raises LoadFailed: it is not there, or the session is not taken.
        """
        self._connection.request("GET", path, headers={"Cookie": self._cookie})
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise LoadFailed(f"{path} is answered {answer.status}: {body[:200]!r}")
        return body

    def took(self, path: str, times: int = _CALLS) -> Took:
        """Ask for a page again and again, after one time that does not count."""
        self.get(path)
        took = Took()
        for _ in range(times):
            computed, began = _computed_ms(self._pid), time.perf_counter()
            self.get(path)
            took.wall.append((time.perf_counter() - began) * 1000)
            took.cpu.append(_computed_ms(self._pid) - computed)
        return took

    def first_load(self, path: str) -> int:
        """The bytes of a page and of all that it loads, to a browser that has nothing yet."""
        page = self.get(path)
        size, waiting = len(page), parts_of(page.decode())
        seen = set(waiting)
        while waiting:
            part = waiting.pop()
            body = self.get(part)
            size += len(body)
            if part.partition("?")[0].endswith(".js"):
                more = [each for each in imports_of(part, body.decode()) if each not in seen]
                seen.update(more)
                waiting += more
        return size


def _computed_ms(pid: int) -> float:
    """The processor's time that a process has had, all its threads together."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in tasks) / 1e6


@contextmanager
def _signed_in(run: Run) -> Iterator[Browser]:
    """A server on the history of clicks, its jobs not running, and its owner's browser."""
    with inside(run.clicks_dir) as opened:
        assert opened.who.user_id is not None
        token = sessions.open_for(opened.ctx, opened.who.user_id, net="", agent="bench")
    with klink(run.clicks_dir, KLINK_JOBS__ENABLED="false") as server:
        yield Browser(server, token)


def admin(run: Run) -> list[Line]:
    """The overview, the table of links, the page of the link with most clicks; first loads."""
    uid, middle = _top_link(run)
    times = _CALLS // 4 if run.quick else _CALLS
    lines = []
    with _signed_in(run) as browser:
        for what, path, is_judged in _pages(run, uid, middle):
            lines.append(browser.took(path, times).line(what, is_judged=is_judged))
        for what, path in (("overview", "/admin"), ("links table", "/admin/links")):
            size = browser.first_load(path) / 1024
            first = f"first load of the {what}: page, styles, scripts"
            lines.append(Line(first, size, "KiB", bar=FIRST_LOAD))
    return lines


def _pages(run: Run, uid: str, middle: int) -> Iterator[tuple[str, str, bool]]:
    """What is asked for: in words, as a path, and whether it has a bar."""
    for days in (7, 30, 90):
        yield f"overview, {days} days", f"/admin?{_days(run, days)}", True
    yield "overview, all days", f"/admin?{_days(run, DAYS - 1)}", True
    table: tuple[tuple[str, dict[str, str]], ...] = (
        ("first page", {}),
        ("by words", {"q": "spring sale"}),
        ("by a tag", {"tag": tag_of(0)}),
        ("most clicks first", {"sort": "-clicks"}),
        ("a tag's, most clicks first", {"tag": tag_of(0), "sort": "-clicks"}),
        ("active, most clicks first", {"state": "active", "sort": "-clicks"}),
        ("half way down", {"sort": "-created", "cursor": cursor("-created", middle)}),
        (
            "most clicks first, half way down",
            {"sort": "-clicks", "cursor": cursor("-clicks", 0, middle)},
        ),
    )
    for what, query in table:
        yield f"links table, {what}", f"/admin/links?{urlencode(query)}", True
    yield "the busiest link's page, 30 days", f"/admin/links/{uid}?{_days(run, 30)}", False
    yield "the same, all days", f"/admin/links/{uid}?{_days(run, DAYS - 1)}", False


def _days(run: Run, many: int) -> str:
    """The last days of the history, as the query has them, whatever day it is now."""
    last_ms = run.ends_at_ms - _DAY_MS
    days = {"since": _day(last_ms - (many - 1) * _DAY_MS), "until": _day(last_ms)}
    return urlencode({"range": "custom"} | days)


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


def _top_link(run: Run) -> tuple[str, int]:
    """The id of the link with most clicks, and the number of one in the middle of all."""
    with sqlite3.connect(f"file:{run.clicks_dir}/klink.db?mode=ro", uri=True) as database:
        slug = slug_of(place(0, run.links))
        (uid,) = database.execute("SELECT uid FROM links WHERE slug = ?", (slug,)).fetchone()
        (last,) = database.execute("SELECT max(id) FROM links").fetchone()
    database.close()
    return str(uid), int(last) // 2


ROWS = (
    Row(
        "admin",
        "pages of the admin page with all links and clicks",
        (SHOWN, FIRST_LOAD),
        admin,
        "clicks",
    ),
)
