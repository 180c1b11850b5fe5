"""A klink with demo data, and somebody who walks through its admin page with a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from scripts.pictures.demo import Demo, enter, fill
from tests.browser.conftest import Visitor
from tests.live.server import Server

PASSWORD = "correct horse battery"
EMAIL = "ada@example.org"


@dataclass
class Desk:
    """A running klink with its admin page.

    :ivar demo: what it is filled with.
    """

    server: Server
    demo: Demo

    @property
    def url(self) -> str:
        """Where klink is, without a slash at its end."""
        return f"http://127.0.0.1:{self.server.port}"

    def at(self, path: str) -> str:
        """The address of a screen; a link's slug in braces stands for its UUID."""
        return f"{self.url}/admin{path.format_map({**self.demo.uids, 'invite': self.demo.invite})}"

    def set_up(self) -> str:
        """The set-up link that the server has printed."""
        return re.findall(r"\S+/admin/setup/\S+", self.server.log.read_text())[-1]

    def sign_in(self, visitor: Visitor) -> Page:
        """Let a visitor be the owner."""
        cookie: Any = {"name": "klink", "value": self.demo.session, "url": self.url}
        visitor.context.add_cookies([cookie])
        return visitor.page


@contextmanager
def desk(folder: Path, clicks_a_day: int = 0) -> Iterator[Desk]:
    """A klink with demo data; without clicks a day, one that nobody has set up."""
    data_dir = folder / "data"
    data_dir.mkdir()
    server = Server(data_dir, f"sqlite:///{data_dir / 'klink.db'}")
    try:
        if clicks_a_day:
            demo = fill(server.env, folder, clicks_a_day)
        else:
            demo = Demo(enter(server.env, folder), "", {}, "")
        server.start()
        yield Desk(server, demo)
    finally:
        server.end()
