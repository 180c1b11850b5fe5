"""The doors' application, made once: to put it together takes longer than most tests.

What is a test's own (parts, options, what counts tries) is handed in anew for each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.local import LocalProxy

from klink.web import exports, idempotency
from klink.web import parts as web_parts
from klink.web.parts import Parts

__all__ = ["SharedApp", "fresh"]


class SharedApp:
    """An application that one after the other has.

    :param make: puts it together, with :meth:`own` for what whoever has it brings along.
    """

    def __init__(self, make: Callable[[SharedApp, Parts], Flask]) -> None:
        self._make = make
        self._app: Flask | None = None
        self._holder: Any = None
        self._next: SharedApp | None = None

    def taken(self, holder: object, parts: Parts) -> Flask:
        """The application for ``holder``; the next one while another has this."""
        if self._holder is not None and self._holder is not holder:
            if self._next is None:
                self._next = SharedApp(self._make)
            return self._next.taken(holder, parts)
        self._holder = holder
        if self._app is None:
            self._app = self._make(self, parts)
        self._app.extensions[web_parts.EXTENSION] = parts
        self._app.extensions[idempotency.EXTENSION] = idempotency.Running()
        self._app.extensions[exports.EXTENSION] = threading.BoundedSemaphore(exports.AT_ONCE)
        return self._app

    def own(self, name: str) -> Any:
        """Stands for the holder's attribute, whoever the holder is at the time."""
        return LocalProxy(lambda: getattr(self._holder, name))

    def let_go(self, holder: object) -> None:
        """Let the next one have it."""
        if self._holder is holder:
            self._holder = None
        if self._next is not None:
            self._next.let_go(holder)


def fresh(make: Callable[[SharedApp, Parts], Flask], holder: object, parts: Parts) -> Flask:
    """An application that nobody else gets, for tests that change it."""
    return SharedApp(make).taken(holder, parts)
