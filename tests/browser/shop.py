"""A shop on a site of its own, as its owner would build it with klink's documentation.

Its policy allows scripts of its own and klink's, and nothing inline.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

# The first line is the queue of docs/conversions.md: the page may call before the script is there.
SCRIPT = """\
window.klink = window.klink || function () { (klink.q = klink.q || []).push(arguments); };
klink("look");
addEventListener("DOMContentLoaded", function () {
  var buy = document.querySelector("button");
  if (buy) buy.onclick = function () {
    klink("purchase", {revenue: 99.99, name: "Order 42", metadata: {items: ["hat"]}});
    location.href = "/thanks";
  };
});
"""
_PAGES = {
    "/a": '<h1>Variant a</h1><a href="/basket">Basket</a>',
    "/b": '<h1>Variant b</h1><a href="/basket">Basket</a>',
    "/basket": "<h1>Basket</h1><button>Buy</button>",
    "/thanks": "<h1>Thank you</h1>",
}


class Shop:
    """The running shop.

    :ivar url: where it is, without a slash at its end.
    :ivar workspace: the public id that its pages hold.
    """

    def __init__(self, klink: str, port: int) -> None:
        self.klink = klink
        self.url = f"http://shop.localhost:{port}"
        self.workspace = ""

    def page(self, path: str, query: str) -> str | None:
        """The HTML at a path, None when there is none."""
        if path == "/plain":
            return _document("", f'<h1>Plain</h1><img src="{escape(self._pixel(query))}" alt="">')
        if path not in _PAGES:
            return None
        head = (
            '<script src="/shop.js"></script>'
            f'<script async src="{self.klink}/_klink.js" data-workspace="{self.workspace}">'
            "</script>"
        )
        return _document(head, _PAGES[path])

    def _pixel(self, query: str) -> str:
        """What a shop without scripts puts into its page: it read the visitor by itself."""
        [klid] = parse_qs(query).get("klid", [""])
        event = {"w": self.workspace, "v": klid, "e": "purchase", "r": "12.50"}
        return f"{self.klink}/_e.gif?{urlencode(event)}"

    @property
    def policy(self) -> str:
        """The Content-Security-Policy of every page."""
        return (
            f"default-src 'none'; script-src 'self' {self.klink}; connect-src {self.klink}; "
            f"img-src {self.klink} data:"
        )


def _document(head: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>'
        f'<link rel="icon" href="data:,">{head}</head><body>{body}</body></html>'
    )


@contextmanager
def open_shop(klink: str) -> Iterator[Shop]:
    """A shop that is open, on a free loopback port.

    :param klink: where klink is, without a slash at its end.
    """
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    shop = Shop(klink, httpd.server_port)
    httpd.RequestHandlerClass = _handler_of(lambda: shop)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield shop
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def _handler_of(shop: Callable[[], Shop]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = urlsplit(self.path)
            if place.path == "/shop.js":
                return self.answer(200, "text/javascript", SCRIPT)
            page = shop().page(place.path, place.query)
            if page is None:
                return self.answer(404, "text/plain", "")
            return self.answer(200, "text/html; charset=utf-8", page)

        def answer(self, status: int, content_type: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", shop().policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
