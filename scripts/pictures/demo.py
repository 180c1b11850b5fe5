"""A klink as a small team has it after sixty days, made by klink's own functions."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from klink.config import load
from klink.core import (
    bio,
    domains,
    invites,
    keys,
    links,
    reports,
    sessions,
    set_up,
    users,
    workspaces,
)  # fmt: skip
from klink.core.bio import BioPatch, NewBioPage
from klink.core.blocking import entries
from klink.core.context import Context
from klink.core.links import LinkPatch
from klink.core.principal import Principal
from klink.core.reports import NewReport
from klink.core.sites.checks import Check, next_check, record
from klink.core.sites.outcome import Found, Outcome
from klink.db import connection, migrate
from klink.jobs.winners import name_winners
from klink.opening import core_settings, held
from scripts.pictures.demo_clicks import DECIDED, Visited, click_and_buy
from scripts.pictures.demo_links import DAYS, wanted

__all__ = ["EMAIL", "PASSWORD", "Demo", "enter", "fill"]

EMAIL = "ada@acme.example"
PASSWORD = "four quiet instruments"
BIO = "acme"
DOMAIN = "links.acme.example"


@dataclass(frozen=True)
class Demo:
    """What whoever walks through a filled klink must know.

    :ivar session: the token of a session of the owner.
    :ivar invite: the token of an open invitation.
    :ivar uids: of the links, by slug.
    :ivar key: the text of a key with every scope.
    """

    session: str
    invite: str
    uids: Mapping[str, str]
    key: str


def fill(env: Mapping[str, str], folder: Path, clicks_a_day: int) -> Demo:
    """Fill the data folder that the settings name; no server may run on it.

    :param env: klink's settings, as a server gets them.
    :param folder: where it is started.
    """
    with _inside(env, folder) as (ctx, data_dir):
        return _Team(ctx, data_dir).work(clicks_a_day)


def enter(env: Mapping[str, str], folder: Path) -> str:
    """The token of a session of a fresh klink's first owner, who has not set it up yet."""
    with _inside(env, folder) as (ctx, _):
        workspaces.ensure_first(ctx)
        first = users.find(None, workspaces.find(None).id)
        return sessions.open_for(ctx, first.id, net="203.0.113.0/24", agent="Firefox on Linux")


@contextmanager
def _inside(env: Mapping[str, str], folder: Path) -> Iterator[tuple[Context, Path]]:
    config = load(None, dict(env), folder, None)
    config.data_dir.mkdir(parents=True, exist_ok=True)
    with held(config.data_dir):
        connection.connect(config.database.url, config.data_dir)
        try:
            migrate.migrate()
            yield Context(datetime.now(UTC), core_settings(config)), config.data_dir
        finally:
            connection.disconnect()


class _Team:
    """The people of the demo, and what they have done."""

    def __init__(self, ctx: Context, data_dir: Path) -> None:
        self.ctx, self.data_dir = ctx, data_dir
        old = self.ago(days=DAYS)
        workspaces.ensure_first(old)
        token = set_up.offer(old)
        if token is None:
            raise RuntimeError(f"{data_dir} is somebody's already")
        owner = set_up.complete(old, token, email=EMAIL, password=PASSWORD)
        users.rename(old, owner.id, "Ada Okafor")
        self.session = sessions.open_for(
            ctx, owner.id, net="203.0.113.0/24", agent="Firefox on Linux"
        )
        found = sessions.find(ctx, self.session)
        if found is None:
            raise RuntimeError("the owner's session has gone")
        self.owner = owner
        self.who = found.principal(ctx)
        self.operator = Principal(self.who.workspace_id, owner.id, None, "cli")
        self.made: dict[str, Visited] = {}

    def ago(self, **parts: float) -> Context:
        """The context of an earlier moment."""
        return replace(self.ctx, now=self.ctx.now - timedelta(**parts))

    def uid(self, slug: str) -> str:
        """A link's UUID."""
        return self.made[slug].link.uid

    def work(self, clicks_a_day: int) -> Demo:
        """All of it."""
        workspaces.rename(self.ago(days=DAYS), self.who, "Acme")
        workspaces.set_currency(self.ago(days=DAYS), self.who, "EUR")
        self.make_links()
        click_and_buy(self.ctx, self.who, self.data_dir, list(self.made.values()), clicks_a_day)
        for _ in name_winners(self.ago(days=DECIDED.days)):
            pass
        self.tend_links()
        self.make_page()
        invite = self.meet()
        self.host()
        self.watch()
        uids = {slug: each.link.uid for slug, each in self.made.items()}
        return Demo(self.session, invite, uids, self.make_keys())

    def make_links(self) -> None:
        """Links, each on its day."""
        for each in sorted(wanted(self.ctx.now), key=lambda each: -each.age):
            made = links.create(self.ago(days=each.age, hours=-2), self.who, each.new)
            self.made[str(each.new.slug)] = Visited(each, made.link)

    def tend_links(self) -> None:
        """Changes, trash, quarantine, a site without its link."""
        change = LinkPatch(title="Get the app", tags=("app", "product"))
        links.update(self.ago(days=12), self.who, self.uid("app"), change)
        change = LinkPatch(url="https://docs.acme.example/start?lang=en")
        links.update(self.ago(days=5), self.who, self.uid("guide"), change)
        links.trash(self.ago(days=4), self.who, self.uid("flyer-2019"))
        links.quarantine(
            self.ago(hours=20), self.who, self.uid("parcel-fee"), "asks for card numbers"
        )
        due = next_check(self.ctx, not_since=self.ctx.now)
        if due is not None:
            self.look(due)

    def look(self, check: Check) -> None:
        """A look that finds the link, and one that does not."""
        record(self.ago(days=3), check, Outcome(Found.FOUND))
        record(self.ago(hours=3), check, Outcome(Found.MISSING, "page"))

    def make_page(self) -> None:
        """A bio page with a picture, and one that nobody sees yet."""
        text = "Tools that do one thing.\nMade in Lisbon."
        new = NewBioPage(name=BIO, title="Acme", text=text)
        bio.create(self.ago(days=40), self.who, new)
        bio.set_picture(self.ago(days=40), self.who, BIO, _picture())
        for slug in ("spring", "app", "podcast-41", "jobs", "insta", "press-kit", "winter"):
            bio.add(self.ago(days=30), self.who, BIO, self.uid(slug))
        bio.change(self.ago(days=29), self.who, BIO, BioPatch(is_published=True))
        bio.create(self.ago(days=2), self.who, NewBioPage(name="acme-radio", title="Acme radio"))

    def meet(self) -> str:
        """People and an invitation, whose token is returned."""
        for name, role in (("Ben Laurent", "admin"), ("Chiyo Sato", "editor"), ("", "viewer")):
            first = name.partition(" ")[0].lower() or "audit"
            users.create(
                self.ago(days=33),
                f"{first}@acme.example",
                role=role,
                workspace_id=self.who.workspace_id,
                password=PASSWORD,
                name=name or None,
            )
        workspaces.create(self.ago(days=21), "Acme Labs", who=self.who)
        _, token = invites.invite(self.ago(hours=5), self.who, "dana@acme.example", "editor")
        return token

    def make_keys(self) -> str:
        """Keys of several dialects; the text of the first."""
        texts: list[str] = []
        for name, dialect, scopes in (
            ("Shop backend", "klink", ()),
            ("Newsletter tool", "klinky", ("read", "create")),
            ("Reports", "klookup", ("read",)),
            ("Old importer", "klink", ()),
        ):
            made, text = keys.create(
                self.ago(days=25 + len(texts)),
                workspace_id=self.who.workspace_id,
                user_id=self.owner.id,
                name=name,
                dialect=dialect,
                scopes=scopes,
                by=self.who,
            )
            texts.append(text)
        keys.revoke(self.ago(days=2), made.uid)
        return texts[0]

    def host(self) -> None:
        """Domains: one proved, one that waits."""
        domains.claim(self.ago(days=35), self.operator, DOMAIN, verified=True)
        domains.claim(self.ago(hours=2), self.who, "acme.link.example")

    def watch(self) -> None:
        """Reports and the lists of what is blocked."""
        for hours, slug, reason, text in (
            (50, "survey", "spam", "I get this every day."),
            (30, "gift", "phishing", "The page wants my e-mail password."),
            (4, "gift", "phishing", "The page wants my e-mail password."),
        ):
            new = NewReport(link=slug, reason=reason, text=text, email="eve@example.org")
            reports.take(self.ago(hours=hours), new)
        add = entries.add
        add(self.ago(days=20), self.who, "host", "free-prizes.example", "Sent by a bot in March")
        add(self.ago(days=9), self.who, "pattern", "*.example.net/login*", "Copies of our login")
        add(self.ago(days=9), self.who, "allow", "help.example.net", "Our own help desk")
        add(self.ago(days=8), self.operator, "host", "malware.example", everywhere=True)


def _picture() -> bytes:
    """A PNG: a sign on a soft ground."""
    side, rows = 160, b""
    for y in range(side):
        row = bytearray(b"\0")
        for x in range(side):
            away = (x - side / 2) ** 2 + (y - side / 2) ** 2
            is_sign = 38**2 < away < 56**2 or away < 14**2
            row += bytes((255, 255, 255) if is_sign else (79 - y // 4, 70, 229 - x // 3))
        rows += bytes(row)
    head = struct.pack(">2I5B", side, side, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
