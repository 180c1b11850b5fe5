"""Rows about what the API reads: statistics of many clicks, pages of many links."""

from __future__ import annotations

import http.client
import itertools
import json
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from scripts.benchmark.history import DAYS
from scripts.benchmark.links import tag_of
from scripts.benchmark.load import LOCAL, LoadFailed
from scripts.benchmark.measuring import Line, Row, Run, most
from scripts.benchmark.servers import Klink, klink
from scripts.benchmark.traffic import place, slug_of

STATS = most(20, "ms")
ANALYTICS = most(100, "ms")
PAGE = most(30, "ms")

_CALLS = 21
_QUARTER_MS = 900_000
_DAY_MS = 86_400_000


class Api:
    """One keep-alive connection to the API."""

    def __init__(self, server: Klink) -> None:
        self._connection = http.client.HTTPConnection(LOCAL, server.port, timeout=120)
        self._headers = {"Authorization": f"Bearer {server.key}"}

    def get(
        self, path: str, query: dict[str, str] | None = None, status: int = 200
    ) -> Any:  # the answer's JSON
        """A GET that must be answered with this status."""
        asked = f"/api/v1{path}" + (f"?{urlencode(query)}" if query else "")
        self._connection.request("GET", asked, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != status:
            raise LoadFailed(f"{asked} is answered {answer.status}: {body[:200]!r}")
        return json.loads(body)

    def ms(self, path: str, query: dict[str, str] | None = None) -> float:
        """How long a GET takes."""
        began = time.perf_counter()
        self.get(path, query)
        return (time.perf_counter() - began) * 1000

    def ms_of_nothing(self) -> float:
        """How long the least takes that the API does: it knows the key, and no such link."""
        began = time.perf_counter()
        self.get("/links/none", status=404)
        return (time.perf_counter() - began) * 1000


@contextmanager
def _history(run: Run) -> Iterator[Api]:
    """A server on the history of clicks. Its jobs do not run: what lies there must stay."""
    with klink(run.clicks_dir, KLINK_JOBS__ENABLED="false") as server:
        yield Api(server)


def _line(api: Api, what: str, took: list[float], **more: Any) -> Line:  # Line's own fields
    nothing = statistics.median(api.ms_of_nothing() for _ in range(_CALLS))
    note = f"slowest {max(took):.1f} ms; a link that is not there takes {nothing:.1f} ms"
    return Line(what, statistics.median(took), "ms", note=note, **more)


def _range(run: Run, days: int, turn: int) -> dict[str, str]:
    """A range that no other turn asks for."""
    until_ms = run.ends_at_ms - turn * _QUARTER_MS
    since_ms = max(until_ms - days * _DAY_MS, run.ends_at_ms - DAYS * _DAY_MS)
    return {"since": _time(since_ms), "until": _time(until_ms)}


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def link_stats(run: Run) -> list[Line]:
    """The statistics of the link with most clicks."""
    with _history(run) as api:
        path = f"/links/{_uid(run)}/stats"
        lines = []
        for what, days in (("30 days", 30), ("all time", DAYS)):
            took = [api.ms(path, _range(run, days, turn)) for turn in range(_CALLS)]
            clicks = api.get(path, _range(run, days, 0))["totals"]["clicks"]
            name = f"link stats, {what}, {clicks:,} clicks"
            lines.append(_line(api, name, took, bar=STATS))
    return lines


def _uid(run: Run) -> str:
    """The id of the link with most clicks."""
    with sqlite3.connect(f"file:{run.clicks_dir}/klink.db?mode=ro", uri=True) as database:
        slug = slug_of(place(0, run.links))
        found = database.execute("SELECT uid FROM links WHERE slug = ?", (slug,)).fetchone()
    database.close()
    return str(found[0])


def analytics(run: Run) -> list[Line]:
    """The analytics of the workspace that has all clicks."""
    with _history(run) as api:
        took = [api.ms("/analytics", _range(run, 90, turn)) for turn in range(_CALLS)]
        what = f"workspace analytics, 90 days of {run.clicks:,} clicks"
        return [_line(api, what, took, bar=ANALYTICS)]


def pages(run: Run) -> list[Line]:
    """Pages of 50 links: found by words, by tag, and one after the other."""
    with _history(run) as api:
        what = f"50 of {run.links:,} links by"
        searches = {
            words: [_page(api, q=words)[0] for _ in range(7)]
            for words in (
                "radio",
                "spring sale",
                str(run.links // 3),
                "letter-win",
                "go-77",
                "zebra",
            )
        }
        slowest = max(searches, key=lambda words: statistics.median(searches[words]))
        tags = [_page(api, tag=tag_of(number))[0] for number in range(_CALLS)]
        followed = {sort: _follow(api, sort) for sort in ("-created", "updated", "slug")}
        last = max(followed, key=lambda sort: statistics.median(followed[sort]))
        return [
            _line(api, f"{what} words ({slowest!r}, the slowest)", searches[slowest], bar=PAGE),
            _line(api, f"{what} tag", tags, bar=PAGE),
            _line(api, f"{what} cursor (sort={last}, the slowest)", followed[last], bar=PAGE),
        ]


def _page(api: Api, **query: str) -> tuple[float, Any]:
    """How long a page takes, and the page."""
    began = time.perf_counter()
    page = api.get("/links", {"limit": "50", **query})
    return (time.perf_counter() - began) * 1000, page


def _follow(api: Api, sort: str) -> list[float]:
    took: list[float] = []
    more: dict[str, str] = {}
    for _ in itertools.repeat(None, _CALLS):
        ms, page = _page(api, sort=sort, **more)
        took.append(ms)
        if page["next_cursor"] is None:
            break
        more = {"cursor": page["next_cursor"]}
    return took


ROWS = (
    Row("link-stats", "link stats, 30 days and all time", (STATS, STATS), link_stats, "clicks"),
    Row("analytics", "workspace analytics, 90 days", (ANALYTICS,), analytics, "clicks"),
    Row("pages", "a page of 50 links by search, tag, cursor", (PAGE, PAGE, PAGE), pages, "clicks"),
)
