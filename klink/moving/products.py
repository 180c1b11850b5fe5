"""Tables of other products: each has words of its own for what a link is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from klink.core.links import Arrival, NewLink
from klink.moving.files import TextFile
from klink.moving.native import LOCKED, Options
from klink.moving.rows import Row
from klink.moving.tables import Cells, Table
from klink.moving.values import BadValue, clicks, flag, moment, tags, whole

_NO = {"", "false", "0", "no", "f", "n", "null"}


@dataclass(frozen=True, slots=True)
class Words:
    """A product's names of columns, in lower case with ``_`` for spaces, the likeliest first.

    :ivar slug: of the slug alone; ``link`` of a whole short URL.
    :ivar gone: of what says that a link is switched off there.
    :ivar left: columns that say something of a link that is not taken over, with words for it.
    :ivar quiet: columns that say nothing of what a link does.
    """

    url: Sequence[str]
    slug: Sequence[str] = ()
    link: Sequence[str] = ()
    domain: Sequence[str] = ()
    title: Sequence[str] = ()
    description: Sequence[str] = ()
    tags: Sequence[str] = ()
    clicks: Sequence[str] = ()
    created_at: Sequence[str] = ()
    starts_at: Sequence[str] = ()
    expires_at: Sequence[str] = ()
    expired_url: Sequence[str] = ()
    max_clicks: Sequence[str] = ()
    forward_query: Sequence[str] = ()
    password: Sequence[str] = ()
    gone: Sequence[str] = ()
    left: Sequence[tuple[str, str]] = ()
    quiet: Sequence[str] = ()

    def all(self) -> frozenset[str]:
        """Every column that is known."""
        named = (
            *(self.url, self.slug, self.link, self.domain, self.title, self.description),
            *(self.tags, self.clicks, self.created_at, self.starts_at, self.expires_at),
            *(self.expired_url, self.max_clicks, self.forward_query, self.password, self.gone),
            *(tuple(name for name, _ in self.left), self.quiet),
        )
        return frozenset(name for names in named for name in names)


YOURLS = Words(
    slug=("keyword",),
    url=("url",),
    title=("title",),
    clicks=("clicks",),
    created_at=("timestamp",),
    quiet=("ip",),
)
YOURLS_COLUMNS = ("keyword", "url", "title", "timestamp", "ip", "clicks")
"""Of its table, in their order, for exports that do not name them."""

SHLINK = Words(
    slug=("shortcode", "short_code"),
    link=("shorturl", "short_url"),
    url=("longurl", "long_url", "original_url"),
    domain=("domain",),
    title=("title",),
    tags=("tags",),
    clicks=("visits", "visitscount", "visits_count"),
    created_at=("createdat", "datecreated", "date_created", "created_at"),
    starts_at=("validsince",),
    expires_at=("validuntil",),
    max_clicks=("maxvisits",),
    forward_query=("forwardquery",),
    left=(
        ("hasredirectrules", "what its redirect rules say"),
        ("devicelongurls", "its destination by device"),
    ),
    quiet=("crawlable",),
)
KUTT = Words(
    slug=("address",),
    link=("link", "short_link", "shorturl"),
    url=("target", "original_url", "url"),
    domain=("domain",),
    title=("description",),
    clicks=("visit_count", "clicks", "views"),
    created_at=("created_at",),
    expires_at=("expire_in",),
    password=("password",),
    gone=("banned",),
    quiet=("id", "uuid", "updated_at", "user_id", "domain_id", "banned_by_id", "deleted_at"),
)
BITLY = Words(
    slug=("custom_back-half", "back-half", "custom_back_half"),
    link=("custom_link", "custom_bitlink", "short_link", "bitlink", "short_url", "link", "id"),
    url=("long_url", "destination_url", "destination", "url"),
    title=("title", "link_title"),
    tags=("tags",),
    clicks=("total_clicks", "clicks", "total_engagements", "engagements", "link_clicks"),
    created_at=("created_at", "created", "date_created", "creation_date"),
    expires_at=("expiration_at", "expires_at"),
    quiet=("archived", "group", "group_guid", "campaign", "channel", "scans", "deeplinks"),
)
DUB = Words(
    slug=("key", "slug"),
    link=("short_link", "link", "shortlink"),
    domain=("domain",),
    url=("destination_url", "url", "destination"),
    title=("title",),
    description=("description",),
    tags=("tags",),
    clicks=("clicks",),
    created_at=("created_at", "createdat"),
    expires_at=("expires_at", "expiresat"),
    expired_url=("expired_url", "expiredurl"),
    password=("password",),
    left=(
        ("ios", "its destination for iOS"),
        ("android", "its destination for Android"),
        ("geo", "its destinations by country"),
    ),
    quiet=(
        *("id", "updated_at", "updatedat", "archived", "leads", "sales", "sale_amount"),
        *("folder", "last_clicked", "conversions", "comments", "creator", "user"),
    ),
)


def yourls_table(file: TextFile, options: Options) -> Table:
    """YOURLS' table of links as CSV, with its names of columns or without."""
    return _table(file, options, "yourls", YOURLS, plain=YOURLS_COLUMNS)


def shlink_table(file: TextFile, options: Options) -> Table:
    """What Shlink's web client exports."""
    return _table(file, options, "shlink", SHLINK)


def kutt_table(file: TextFile, options: Options) -> Table:
    """Kutt's table of links."""
    return _table(file, options, "kutt", KUTT)


def bitly_table(file: TextFile, options: Options) -> Table:
    """What Bitly exports of links."""
    return _table(file, options, "bitly", BITLY)


def dub_table(file: TextFile, options: Options) -> Table:
    """What Dub exports of links."""
    return _table(file, options, "dub", DUB)


def _table(
    file: TextFile,
    options: Options,
    kind: str,
    words: Words,
    *,
    plain: Sequence[str] | None = None,
) -> Table:
    return Table(
        file,
        kind,
        [(*words.slug, *words.link), tuple(words.url)],
        lambda at, cells: product_row(at, cells, words, options),
        known=words.all(),
        plain=plain,
    )


def product_row(at: int, cells: Cells, words: Words, options: Options) -> Row:
    """The row for a link in a product's words."""
    slug, url, host = _first(cells, words.slug), _first(cells, words.url), None
    try:
        if link := _first(cells, words.link):
            host, path = _place(link)
            slug = slug or path
        host = _host(_first(cells, words.domain)) or host
        if not slug:
            raise BadValue("slug", "is missing")
        return _row(at, cells, words, options.place(host), slug, url)
    except BadValue as error:
        return Row(at, slug, url, None, str(error))


def _row(at: int, cells: Cells, words: Words, domain: str | None, slug: str, url: str) -> Row:
    fields = _fields(cells, words)
    warnings = [told for name, told in words.left if _is_some(cells.get(name, ""))]
    warnings = [f"{told} is not taken over" for told in warnings]
    given = frozenset(fields) | {"url"}
    if fields.get("max_clicks") is not None:
        warnings.append("its uses are counted anew: as many as it was limited to")
    if _is_some(_first(cells, words.password)):
        fields["is_active"] = False
        warnings.append(LOCKED)
    if _is_some(_first(cells, words.gone)):
        raise BadValue("banned", "it is switched off there for what it leads to")
    counted, created = _first(cells, words.clicks), _first(cells, words.created_at)
    arrival = Arrival(
        NewLink(slug=slug, url=url or None, domain=domain, **fields),
        given,
        created_at=moment("created", created) if created else None,
        clicks=clicks("clicks", counted.replace(",", "")) if counted else None,
    )
    return Row(at, slug, url, arrival, warnings=tuple(warnings))


def _fields(cells: Cells, words: Words) -> dict[str, Any]:  # Any: each of its own type
    found: dict[str, Any] = {}
    for name, names, most in (
        ("title", words.title, 200),
        ("description", words.description, 500),
        ("expired_url", words.expired_url, None),
    ):
        if text := _first(cells, names):
            # A title is for people: one that is too long, or in lines, is better short than lost.
            found[name] = text if most is None else _tidy(text)[:most]
    if text := _first(cells, words.tags):
        found["tags"] = tags(text)
    for name, names in (("starts_at", words.starts_at), ("expires_at", words.expires_at)):
        if text := _first(cells, names):
            found[name] = moment(name, text, bare_date="end")
    if text := _first(cells, words.max_clicks):
        found["max_clicks"] = whole("max_clicks", text)
    if text := _first(cells, words.forward_query):
        found["forward_query"] = flag("forward_query", text)
    return found


def _tidy(text: str) -> str:
    """A text in one line, without control characters."""
    spaced = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(spaced.split())


def _first(cells: Cells, names: Sequence[str]) -> str:
    for name in names:
        if found := cells.get(name):
            return found
    return ""


def _is_some(text: str) -> bool:
    return text.strip().lower() not in _NO


def _place(link: str) -> tuple[str, str]:
    """Host and slug of a short URL, with its scheme or without."""
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
    except ValueError:
        raise BadValue("link", f"{link[:80]!r} is no short URL") from None
    return parts.netloc.lower(), parts.path.strip("/")


def _host(text: str) -> str:
    return _place(text)[0] if text else ""
