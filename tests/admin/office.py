"""The admin page over a fresh database, and people who use it with browsers of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from werkzeug.test import Client, TestResponse

from klink.core import links, sessions, users, workspaces
from klink.core.context import Context
from klink.core.links import LinkView, NewLink
from klink.core.principal import Principal
from tests.dialects.house import BASE_URL, BROWSER, House

PASSWORD = "correct horse battery"
_CSRF = re.compile(r'<meta name="csrf" content="([0-9a-f]{64})">')


class Page(TestResponse):
    """An answer, to the type checker: one whose JSON is there."""

    json: Any


class Browser:
    """A browser: it keeps cookies, and sends forms with the token that pages carry."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._client = Client(house.client.application, Page)
        self.csrf = ""

    def get(self, path: str, **more: Any) -> Page:
        return self._ask("GET", path, **more)

    def post(self, path: str, data: Mapping[str, Any] | None = None, **more: Any) -> Page:
        """Send a form, with the token of the page that was seen last."""
        if not self.csrf:
            self.get("/admin/settings/account")
        return self._ask("POST", path, data={"csrf": self.csrf} | dict(data or {}), **more)

    def follow(self, reply: TestResponse) -> Page:
        """Where a redirect leads."""
        assert reply.status_code in (302, 303), (reply.status_code, reply.text)
        return self.get(reply.headers["Location"])

    def cookie(self, name: str) -> str | None:
        found = self._client.get_cookie(name, domain="go.example.org", path="/")
        return None if found is None else found.value

    def keep(self, name: str, value: str, path: str = "/") -> None:
        """Have a cookie."""
        self._client.set_cookie(
            name, value, domain="go.example.org", path=path, secure=True, origin_only=True
        )

    def _ask(self, method: str, path: str, **more: Any) -> Page:
        headers = {"User-Agent": BROWSER} | dict(more.pop("headers", {}))
        answer = self._client.open(
            path,
            method=method,
            headers=headers,
            base_url=more.pop("base_url", BASE_URL),
            environ_overrides={"REMOTE_ADDR": more.pop("peer", "203.0.113.7")},
            buffered=True,
            **more,
        )
        reply = cast(Page, answer)
        found = _CSRF.search(reply.text) if reply.mimetype == "text/html" else None
        if found:
            self.csrf = found[1]
        return reply


class Person(Browser):
    """Somebody who is signed in."""

    def __init__(self, house: House, user_id: int, workspace_id: int) -> None:
        super().__init__(house)
        token = sessions.open_for(
            house.ctx,
            user_id,
            net="203.0.113.0/24",
            agent="Firefox on Linux",
            workspace_id=workspace_id,
        )
        self.keep("__Host-klink", token)
        self.user_id, self.workspace_id, self.token = user_id, workspace_id, token

    @property
    def principal(self) -> Principal:
        """Who they are, to the core."""
        found = sessions.find(self._house.ctx, self.token)
        assert found is not None
        return found.principal(self._house.ctx)


@dataclass
class Office:
    """klink with its admin page.

    :ivar house: all doors; ``house.now`` is the clock.
    """

    house: House

    @property
    def now(self) -> Any:
        return self.house.now

    @now.setter
    def now(self, value: Any) -> None:
        self.house.now = value

    def context(self) -> Context:
        return self.house.ctx

    def browser(self) -> Browser:
        """Nobody yet."""
        return Browser(self.house)

    def user(
        self, role: str, workspace_id: int = 1, email: str = "", *, password: str | None = None
    ) -> int:
        """Somebody new with a role."""
        made = users.create(
            self.house.ctx,
            email or f"{role}{workspace_id}@example.org",
            role=role,
            workspace_id=workspace_id,
            password=password,
        )
        return made.id

    def sign_in(self, role: str, workspace_id: int = 1, *, password: str | None = None) -> Person:
        """Somebody new with this role, signed in."""
        user_id = self.user(role, workspace_id, password=password)
        return Person(self.house, user_id, workspace_id)

    def stranger(self, role: str = "owner") -> Person:
        """Somebody with this role in another workspace."""
        known = {each.name: each.id for each in workspaces.all_of_them()}
        home = known.get("Elsewhere") or workspaces.create(self.house.ctx, "Elsewhere").id
        return self.sign_in(role, home)

    def link(
        self, slug: str, url: str = "https://example.com/", *, workspace_id: int = 1, **fields: Any
    ) -> LinkView:
        """A link of a workspace."""
        owner = Principal(workspace_id, None, None, "cli")
        return links.create(self.house.ctx, owner, NewLink(url=url, slug=slug, **fields)).link

    def click(self, link: LinkView | str, times: int = 1, **more: Any) -> None:
        """Different people follow a link; their clicks are counted before this returns."""
        url = link if isinstance(link, str) else link.short_url
        for i in range(times):
            self.house.visit(url, peer=f"198.51.{i // 250}.{i % 250 + 1}", **more)
        self.house.ledger_waits()
