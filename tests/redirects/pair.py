"""Two servers over the same links, one with the lane and one without, and what they answer."""

from __future__ import annotations

import json
import os
import random
import re
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Flask

from klink.clicks.enrich import Enricher
from klink.clicks.journal import Journal, Position
from klink.clicks.record import ClickRecord, decode
from klink.clicks.visits import Journals, Recorder, VisitReader
from klink.core import domains, links
from klink.core.captcha import Nothing
from klink.core.times import to_ms
from klink.pages import Guards, make_blueprint
from klink.redirects.answers import Answers
from klink.redirects.cache import LinkCache, Load
from klink.redirects.front import Front
from klink.redirects.hosts import Hosts
from klink.redirects.lane import Lane
from klink.server import IDENT, Server
from klink.web import doors
from klink.web.parts import EXTENSION
from tests.redirects.corpus import TRUSTED, Case, ask
from tests.redirects.site import BASE_URL, SECRET, Site

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["Half", "LoggedLane", "Parts", "Seen", "plain"]

_ANSWER = re.compile(rb"HTTP/1\.[01] [0-9]{3} [^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n")
_DATE = re.compile(
    rb"Date: (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT"
)

_PROBE = ask(b"/plain?then", b"Connection: close", b"User-Agent: probe")
_BESIDE = ask(b"/x", b"User-Agent: beside")
_END = b"\r\n\r\n"
_WAIT_S = 20


class LoggedLane(Lane):
    """A lane at the site's time that remembers what it answered."""

    def __init__(self, site: Site, **parts: Any) -> None:  # Any: what a lane takes
        super().__init__(**parts)
        self.answered: set[bytes] = set()
        self._site = site

    def begin(self, now: float) -> None:
        super().begin(self._site.now.timestamp())

    def answer(self, data: bytes, peer: str) -> tuple[bytes, bool] | None:
        found = super().answer(data, peer)
        if found is not None:
            self.answered.add(bytes(data))
        return found


class Parts:
    """The front and the lane before one journal, each half of a pair with its own.

    :param behind: makes the application that the front falls back on.
    :param load: reads a link for the lane.
    :param require_https: as the front and the lane have it.
    """

    def __init__(
        self,
        site: Site,
        journal: Journals,
        behind: Callable[[Answers], WSGIApplication],
        load: Load | None,
        *,
        require_https: bool = False,
    ) -> None:
        reader = VisitReader(SECRET, [IPv4Network(TRUSTED)], "CF-IPCountry")
        recorder = Recorder(journal, SECRET)
        lookups = Enricher(lambda _: "")
        answers = Answers(recorder, lookups)
        cache = LinkCache(links.compiled, 1 << 20)
        hosts = Hosts("go.example.org", links.domain_of_host, load_ways=domains.ways)
        self.front = Front(
            base_url=BASE_URL,
            cache=cache,
            hosts=hosts,
            reader=reader,
            answers=answers,
            fallback=behind(answers),
            require_https=require_https,
            clock_ms=lambda: to_ms(site.now),
        )
        self.lane = LoggedLane(
            site,
            cache=cache,
            hosts=hosts,
            reader=reader,
            recorder=recorder,
            load=load,
            lookups=lookups,
            server=IDENT,
            require_https=require_https,
        )


def pages(site: Site, answers: Answers) -> WSGIApplication:
    """Visitors' pages, as the site has them."""
    made = Flask("pages-of-a-pair", static_folder=None)
    doors.install(made)
    made.extensions[EXTENSION] = site.parts()
    # A secret of its own: they share a database, and guesses are counted by keyed hashes.
    guards = Guards.of(os.urandom(32), Nothing())
    made.register_blueprint(make_blueprint(answers, guards))
    return made


class Seen(NamedTuple):
    """What a client got and what was written down.

    :ivar answers: all that came until the end, as :func:`plain` has it.
    """

    answers: bytes
    records: list[ClickRecord]


def plain(came: bytes) -> bytes:
    """Answers with their headers in order, in lower case, and without the time."""
    return _ANSWER.sub(_sorted, came)


def _sorted(answer: re.Match[bytes]) -> bytes:
    first, *lines = answer[0].rstrip(b"\r\n").split(b"\r\n")
    fields = []
    for line in lines:
        name, colon, value = _DATE.sub(b"Date: today", line).partition(b":")
        fields.append(name.lower() + colon + value)
    return b"\n".join([first, *sorted(fields), b"", b""])


class Half:
    """One of the two: a server on a loopback port, with a journal of its own.

    A connection that is answered at once is kept beside those that are looked at. When it
    has its answer, the loop has read what was sent before.
    """

    def __init__(self, site: Site, folder: Path, load: Load | None, *, has_lane: bool) -> None:
        self.journal = Journal.open(folder, b"e" * 16, fsync_every_s=None)
        self._read_to = Position(self.journal.stream, 0, 0)
        self.parts = Parts(site, self.journal, partial(pages, site), load)
        self._server = Server(
            self.parts.front,
            host="127.0.0.1",
            port=0,
            threads=2,
            lane=self.parts.lane if has_lane else None,
            on_thread_end=site.in_thread(lambda: None),
        )
        self._server.start()
        self._thread = threading.Thread(target=site.in_thread(self._server.run))
        self._thread.start()
        self._beside = self._connect("127.0.0.1")
        self._wait()

    def exchange(self, case: Case) -> Seen:
        """Send a case and a plain request behind it; all that comes of both."""
        with self._connect(case.peer) as connection:
            try:
                for piece in case.pieces:
                    self._wait()
                    connection.sendall(piece)
                self._wait()
                connection.sendall(_PROBE)
                connection.shutdown(socket.SHUT_WR)
            except OSError:  # the server has closed it: that is its answer
                pass
            came = _all_of(connection)
        return Seen(plain(came), self._records())

    def converse(self, pieces: Sequence[bytes]) -> bytes:
        """Send pieces, now and then waiting for the answers, and a plain request behind them.

        :param pieces: of requests that have no body, and whose answers have none.
        """
        sent, came = 0, b""
        with self._connect("127.0.0.1") as connection:
            for piece in pieces:
                connection.sendall(piece)
                sent += piece.endswith(_END)
                while random.random() < 0.5 and came.count(_END) < sent:
                    came += connection.recv(65536)
            connection.sendall(_PROBE)
            return came + _all_of(connection)

    def close(self) -> None:
        self._beside.close()
        self._server.request_stop()
        self._thread.join(_WAIT_S)
        assert not self._thread.is_alive()
        self._server.close()
        self.journal.close()

    def _connect(self, source: str) -> socket.socket:
        made = socket.create_connection(
            ("127.0.0.1", self._server.addresses[0].port), _WAIT_S, (source, 0)
        )
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _wait(self) -> None:
        """Let the loop turn until it has read all that was sent before."""
        self._beside.sendall(_BESIDE)
        found = b""
        while not found.endswith(b"\r\n\r\n"):
            found += self._beside.recv(4096)
        assert found.startswith(b"HTTP/1.1 302 "), found

    def _records(self) -> list[ClickRecord]:
        found: list[ClickRecord] = []
        reader = self.journal.reader()
        while True:
            batch = reader.read(self._read_to, 1 << 20)
            for payload in batch.payloads:
                found += [
                    decode(json.dumps(each).encode()) for each in json.loads(b"[%b]" % payload)
                ]
            self._read_to = batch.next
            if batch.at_tail:
                return [record for record in found if record.user_agent != "beside"]


def _all_of(connection: socket.socket) -> bytes:
    found = b""
    while True:
        try:
            data = connection.recv(65536)
        except ConnectionResetError:  # it closed before it had read everything
            return found
        if not data:
            return found
        found += data
