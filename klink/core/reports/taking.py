"""Taking reports from anybody, so that no flood of them fills the database or the inbox."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from klink.core import audit
from klink.core.blocking.names import host_of
from klink.core.context import Context
from klink.core.errors import TooBusy, ValidationFailed
from klink.core.links import domain_of_host
from klink.core.problems import Problems, text_problem
from klink.core.reports.model import MAX_EMAIL, MAX_TEXT, REASONS, NewReport
from klink.core.slugs import may_be_slug
from klink.db.connection import lock, read, write
from klink.db.models import BASE_DOMAIN_ID, Link, Report

__all__ = ["MAX_OPEN", "MAX_OPEN_OF_LINK", "check", "link_of", "take"]

MAX_OPEN_OF_LINK = 20
"""Open reports of a link for one reason; what comes after them is counted with the latest one."""

MAX_OPEN_OF_WORKSPACE = 1_000
"""Open reports of a workspace's links, so that one cannot fill the inbox of all."""

MAX_OPEN = 10_000
"""Open reports of all links; then only links that have one already are reported on."""

_MAX_LINK = 2048
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")


def take(ctx: Context, new: NewReport, *, host_domain_id: int | None = None) -> None:
    """Keep a report; the same said again is counted with the first.

    :param host_domain_id: the domain that was asked, for a slug alone.
    :raises ValidationFailed: a field cannot be accepted, or there is no such short link.
    :raises TooBusy: there are too many open reports.
    """
    check(new)
    text, email = new.text.strip(), (new.email or "").strip() or None
    with write():
        link = link_of(ctx, new.link, host_domain_id=host_domain_id)
        if link is None:
            raise ValidationFailed({"link": ["there is no such short link here"]})
        lock("klink:reports")
        same = _same(link.id, new.reason, text)
        if same is not None:
            added = {"count": Report.count + 1, "reported_at": ctx.now}
            Report.update(added).where(Report.id == same.id).execute()
            return
        waiting = Report.select().where(Report.state == "open")
        own = waiting.where(Report.workspace_id == link.workspace_id)
        if own.count() >= MAX_OPEN_OF_WORKSPACE or waiting.count() >= MAX_OPEN:
            raise TooBusy("too many reports wait to be read; try again tomorrow")
        row = Report.create(
            link=link.id,
            workspace_id=link.workspace_id,
            at=ctx.now,
            reported_at=ctx.now,
            reason=new.reason,
            text=text,
            email=email,
            count=1,
            state="open",
        )
        audit.record(
            ctx,
            None,
            "report.take",
            f"link:{link.uid}",
            {"report": row.id, "reason": new.reason},
            workspace_id=link.workspace_id,
        )


def check(new: NewReport) -> None:
    """Refuse what cannot be accepted of a report, whatever link it is about.

    :raises ValidationFailed: with all of it.
    """
    problems = Problems()
    if not new.link.strip() or len(new.link) > _MAX_LINK:
        problems.add("link", "give the short link that you report")
    if new.reason not in REASONS:
        problems.add("reason", f"must be one of {', '.join(REASONS)}")
    if problem := text_problem(new.text, MAX_TEXT, least=0, lines=True):
        problems.add("text", problem)
    email = (new.email or "").strip()
    if email and (len(email) > MAX_EMAIL or not _EMAIL.fullmatch(email) or not email.isprintable()):
        problems.add("email", "must be an e-mail address such as ann@example.org")
    problems.raise_if_any()


def link_of(ctx: Context, text: str, *, host_domain_id: int | None = None) -> Link | None:
    """The link whose short URL a person has typed; None when visitors find none there.

    :param host_domain_id: the domain of a slug alone; else the server's own.
    """
    place = _place(ctx, text.strip(), host_domain_id)
    if place is None:
        return None
    with read():
        found: Link | None = Link.get_or_none(
            Link.domain == place[0], Link.slug == place[1], Link.quarantined_at.is_null()
        )
    return found


def _place(ctx: Context, text: str, host_domain_id: int | None) -> tuple[int, str] | None:
    if may_be_slug(text):
        return host_domain_id or BASE_DOMAIN_ID, text
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = parts.netloc.lower()
        name = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    segments = [segment for segment in parts.path.split("/") if segment]
    if not segments or segments[1:] not in ([], ["page"]) or not may_be_slug(segments[0]):
        return None
    if ctx.settings.base_host in (host, name):
        return BASE_DOMAIN_ID, segments[0]
    plain = host_of(name)
    domain_id = None if plain is None else domain_of_host(plain)
    return None if domain_id is None else (domain_id, segments[0])


def _same(link_id: int, reason: str, text: str) -> Report | None:
    """The open report that this one is counted with."""
    # Any: peewee's queries lose their types while they are chained.
    mine: Any = Report.select().where(
        Report.link == link_id, Report.state == "open", Report.reason == reason
    )
    found: Report | None = mine.where(Report.text == text).first()
    if found is None and mine.count() >= MAX_OPEN_OF_LINK:
        found = mine.order_by(Report.id.desc()).first()
    return found
