"""Whether a slug could be had, asked while somebody types; the rules are those of ``create``."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from klink.core import slugs
from klink.core.context import Context
from klink.core.errors import SlugReserved, ValidationFailed
from klink.core.links import hosts
from klink.core.links.hosts import OwnHosts
from klink.core.principal import Principal
from klink.db import rows
from klink.db.connection import read

__all__ = ["SlugCheck", "check_slug"]

State = Literal["any", "free", "own", "taken", "reserved", "malformed", "no_domain"]

_GAPS = re.compile(r"[^A-Za-z0-9_-]+")
_FEW = 8  # numbers that are tried after a slug that is taken


@dataclass(frozen=True, slots=True)
class SlugCheck:
    """What would become of a slug.

    :ivar state: ``any``: none was asked for, klink chooses; ``own``: the link's that is changed.
    :ivar text: the state in words, or what to change.
    :ivar suggestion: a slug nearby that could be had, or ''.
    :ivar uid: the workspace's own link that has it, or ''.
    """

    state: State
    text: str
    suggestion: str = ""
    uid: str = ""


def check_slug(
    ctx: Context, who: Principal, slug: str, domain: str | None = None, *, of: str = ""
) -> SlugCheck:
    """Look whether a link could have a slug; nothing is kept for whoever asks.

    :param domain: None is the workspace's default, as in making a link.
    :param of: the link that would be renamed; its own slug and domain are fine.
    :raises InsufficientScope: the key may not read.
    """
    who.need("read")
    if not slug:
        return SlugCheck("any", "klink chooses a slug of seven characters")
    try:
        with read():
            domain_id = _domain_id(ctx, who, domain)
        slugs.check_custom(slug)
    except SlugReserved as error:
        return SlugCheck("reserved", error.errors["slug"][0])
    except ValidationFailed as error:
        if "domain" in error.errors:
            return SlugCheck("no_domain", error.errors["domain"][0])
        return SlugCheck("malformed", error.errors["slug"][0], _tidied(slug))
    with read():
        return _looked_up(who, domain_id, slug, of)


def _domain_id(ctx: Context, who: Principal, domain: str | None) -> int:
    if domain is None:
        return OwnHosts(ctx, who.workspace_id).default(who.workspace_id)
    return hosts.domain_id(ctx, who.workspace_id, domain)


def _looked_up(who: Principal, domain_id: int, slug: str, of: str) -> SlugCheck:
    sql = "SELECT uid, workspace_id, deleted_at FROM links WHERE domain_id = ? AND slug = ?"
    row = rows.one(sql, domain_id, slug)
    if row is None:
        return SlugCheck("free", "free")
    uid, workspace_id, deleted_at = str(row[0]), row[1], row[2]
    if uid == of.lower():
        return SlugCheck("own", "this link's slug")
    if workspace_id != who.workspace_id:
        return SlugCheck("taken", "taken on this domain", _numbered(domain_id, slug))
    where = "taken by a link of yours in the trash" if deleted_at else "taken by a link of yours"
    return SlugCheck("taken", where, _numbered(domain_id, slug), uid)


def _numbered(domain_id: int, slug: str) -> str:
    """The slug with the first number behind it that is free, or ''."""
    stem = slug[: slugs.MAX_LENGTH - 3].rstrip("-_")
    tried = [f"{stem}-{number}" for number in range(2, 2 + _FEW)]
    condition, value = rows.among("slug", tried)
    sql = f"SELECT slug FROM links WHERE domain_id = ? AND {condition}"  # noqa: S608 - own names
    taken = {found for (found,) in rows.all_of(sql, domain_id, value)}
    return next((each for each in tried if each not in taken), "")


def _tidied(text: str) -> str:
    """The nearest text that may be a slug, or ''."""
    plain = (
        unicodedata.normalize("NFKD", text.strip().replace("ß", "ss"))
        .encode("ascii", "ignore")
        .decode()
    )
    slug = _GAPS.sub("-", plain).strip("-_")[: slugs.MAX_LENGTH].rstrip("-_")
    return slug if slugs.may_be_slug(slug) and slug.lower() not in slugs.RESERVED else ""
