"""A klink that is well: its folder, its database, and a server that answers for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from klink import __version__
from klink.api import make_app
from klink.clicks.geoip import CountryDatabase
from klink.clicks.ledger import LedgerStatus
from klink.config import load
from klink.core.client_address import Forwarded
from klink.core.context import Settings
from klink.core.plans import UNLIMITED
from klink.core.usage import Meter
from klink.doctor import Disk, Machine, Report, examine
from klink.fetching import Fetcher
from klink.web import parts as web_parts
from klink.web.parts import Parts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

NOW = datetime(2026, 11, 14, 15, 9, 26, tzinfo=UTC)
SECRET = b"s" * 32
ROOM = Disk(free=50 << 30, size=100 << 30, free_files=900_000, files=1_000_000)


class Counting:
    """A ledger as its readers see it, at a standstill."""

    def __init__(self) -> None:
        self.state = LedgerStatus(0, 0.0, 0, 0, 0, 0)

    def wait(self, timeout_s: float = 2.0) -> float:
        return 0.0

    def status(self) -> LedgerStatus:
        return self.state


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


class Answering:
    """A server on this machine whose answers are klink's, or what a test wants."""

    def __init__(self) -> None:
        self.ledger = Counting()
        self.forwarded = Forwarded(callers=500)
        self.rewrite: Callable[[WSGIEnvironment], None] = lambda _: None
        self.instead: tuple[str, bytes] | None = None
        self._parts = Parts(
            settings=Settings(
                base_url="http://127.0.0.1",
                plans={"unlimited": UNLIMITED},
                dialect_plans={"klink": "unlimited"},
                max_active_keys=10,
                secret=SECRET,
            ),
            clock=lambda: NOW,
            meter=Meter(),
            ledger=self.ledger,
            geoip=CountryDatabase(None),
            version=__version__,
            forwarded=lambda: self.forwarded,
            trusted_proxies=(ip_network("127.0.0.1"),),
        )
        self._app = make_app(self._parts)
        self._server = make_server("127.0.0.1", 0, self._answer, handler_class=_Quiet)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def be(self, *, secret: bytes = SECRET, **changed: Any) -> None:
        """Go on with other parts."""
        settings = replace(self._parts.settings, secret=secret)
        self._app.extensions[web_parts.EXTENSION] = replace(
            self._parts, settings=settings, **changed
        )

    def well(self) -> None:
        """Be as at the beginning."""
        self.be()
        self.ledger.state = LedgerStatus(0, 0.0, 0, 0, 0, 0)
        self.forwarded = Forwarded(callers=500)
        self.rewrite, self.instead = lambda _: None, None

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        self.rewrite(environ)
        if self.instead is not None:
            status, body = self.instead
            start(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
            return [body]
        return self._app(environ, start)

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class Home:
    """Where everything lies, and what a test may change before it is examined.

    :ivar backup: makes a backup once, or finds it.
    """

    folder: Path
    server: Answering
    backup: Callable[[], Path]
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    disk: Disk = ROOM
    is_clock_kept: bool | None = True
    fetcher: Fetcher | None = None
    now: datetime = NOW

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def set(self, section: str, **values: Any) -> None:
        self.settings.setdefault(section, {}).update(values)

    def write_config(self) -> Path:
        file = self.folder / "config.toml"
        sections = [
            f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in each.items())
            for name, each in self.settings.items()
        ]
        file.write_text("\n".join(sections))
        return file

    def examined(self, env: Mapping[str, str] | None = None) -> Report:
        config = load(self.write_config(), env or {}, self.folder)
        machine = Machine(lambda _: self.disk, lambda: self.is_clock_kept)
        return examine(config, self.now, machine=machine, fetcher=self.fetcher)
