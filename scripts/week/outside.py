"""Others' servers, on loopback: web pages that hold links or do not, files, and a name server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["COUNTRIES", "GONE", "Outside", "outside"]

COUNTRIES = "/countries.mmdb"
"""The path of the database of countries."""

GONE = "/gone/"
"""What the paths of pages that are not there begin with."""

_HOSTS = ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
"""klink asks one host one thing at a time."""


@dataclass(frozen=True)
class Outside:
    """Where these servers are.

    :ivar sites: what the addresses of pages begin with; a page holds its own path.
    :ivar settings: what klink needs to find them, in the environment's words.
    :ivar files: what is served in place of pages, by path.
    """

    sites: tuple[str, ...]
    settings: Mapping[str, str]
    files: dict[str, bytes] = field(default_factory=dict)


class _Pages(ThreadingHTTPServer):
    """Serves pages, and files where there are some."""

    def __init__(self, host: str, files: Mapping[str, bytes]) -> None:
        super().__init__((host, 0), _Page)
        self.files = files


class _Page(BaseHTTPRequestHandler):
    """Says which path was asked for, or sends the file of it; 404 for what lies below ``GONE``."""

    server: _Pages

    def do_GET(self) -> None:
        """Answer (http.server's own name)."""
        self.wfile.write(self._answer())

    def do_HEAD(self) -> None:
        """Answer without the page."""
        self._answer()

    def _answer(self) -> bytes:
        """Send all that comes before the page, and return it."""
        page = f"<!doctype html><p>{self.path}</p>".encode()
        body = self.server.files.get(self.path, page)
        self.send_response(404 if self.path.startswith(GONE) else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return body

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def outside() -> Iterator[Outside]:
    """Run them during the block, in threads."""
    with ExitStack() as stack:
        sites = []
        files: dict[str, bytes] = {}
        for host in _HOSTS:
            pages = stack.enter_context(_Pages(host, files))
            threading.Thread(target=pages.serve_forever, daemon=True).start()
            stack.callback(pages.shutdown)
            sites.append(f"http://{host}:{pages.server_port}")
        names = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        names.bind((_HOSTS[0], 0))
        threading.Thread(target=_answer, args=(names,), daemon=True).start()
        host, port = names.getsockname()
        settings = {
            "KLINK_VERIFICATION__ALLOW_PRIVATE_ADDRESSES": "true",
            "KLINK_DOMAINS__NAMESERVERS": f"{host}:{port}",
            "KLINK_GEOIP__UPDATE_URL": f"{sites[0]}{COUNTRIES}",
            "KLINK_GEOIP__UPDATE_EVERY": "12h",
            "KLINK_GEOIP__ALLOW_PRIVATE_ADDRESSES": "true",
        }
        yield Outside(tuple(sites), settings, files)


def _answer(names: socket.socket) -> None:
    """Say of every name that there is none (RFC 1035, 4.1.1), until the socket closes."""
    while True:
        try:
            asked, whom = names.recvfrom(512)
            names.sendto(
                asked[:2] + b"\x81\x83" + asked[4:6] + bytes(6) + _question(asked[12:]), whom
            )
        except OSError:
            return


def _question(rest: bytes) -> bytes:
    """The question alone, without what may come after it."""
    end = rest.find(b"\0") + 5
    return rest[:end]
