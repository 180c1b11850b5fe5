"""The three products whose links can be read: their lists, and their links in klink's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from klink.core.links.model import UTM_NAMES
from klink.moving.native import Options, Values
from klink.moving.remote.asking import Api, Json
from klink.moving.remote.paging import PER_PAGE, IsThere, Page, Product

__all__ = ["PRODUCTS", "Known"]

_MAIN = "main"  # the label of a link's one destination, where klink speaks Klinky's API
_WHOLE = 100


class Klinky:
    """Klinky: links with up to five destinations, by weight or by country (K1 to K4)."""

    name = "Klinky"

    def header(self, key: str) -> dict[str, str]:
        """The key, as its document shows it."""
        return {"X-API-Key": key}

    def page(self, api: Api, number: int) -> Page:
        """A page of ``items``."""
        found = api.get("/public/links", page=number, per_page=PER_PAGE)
        items, total = _list(found["items"]), _count(found["total"])
        per_page = _count(found.get("per_page")) or PER_PAGE
        return Page(items, total, bool(items) and number * per_page < (total or 0))

    def identity(self, item: Json) -> object:
        """Its UUID."""
        return item["id"]

    def values(self, api: Api, item: Json, options: Options, is_there: IsThere) -> Values:  # noqa: ARG002
        """Variants and countries are routing; a name that is the slug is no title."""
        is_geo = item.get("routing_type") == "geo"
        variants = [
            {"label": each["label"], "url": each["destination_url"], "weight": each["weight"]}
            for each in item["variants"]
        ]
        values: dict[str, Any] = {
            "slug": item["slug"],
            "domain": options.place(_host(item.get("short_url"))),
            "title": None if item.get("name") == item["slug"] else item.get("name"),
            "auto_winner": item.get("auto_winner"),
            "winner_threshold": item.get("auto_winner_threshold"),
            "winner": item.get("winner"),
            "conversion_tracking": item.get("enable_conversion_tracking"),
            "conversion_redirect_url": item.get("conversion_redirect_url"),
            "is_active": item.get("is_active"),
            "clicks": item.get("total_clicks"),
            "created_at": item.get("created_at"),
        }
        if len(variants) == 1 and (variants[0]["label"], variants[0]["weight"]) == (_MAIN, _WHOLE):
            return values | {"url": variants[0]["url"]}
        values |= {"variants": variants, "mode": "rules" if is_geo else "split"}
        return values | (_geo(item.get("geo_rules") or {}) if is_geo else {})


def _geo(sent: dict[str, str]) -> dict[str, Any]:
    """A rule for each label, and the default."""
    by_label: dict[str, list[str]] = {}
    default = None
    for country, label in sent.items():
        if country.lower() == "default":
            default = label
        else:
            by_label.setdefault(label, []).append(country.upper())
    rules = [{"when": {"country": found}, "use": label} for label, found in by_label.items()]
    return {"rules": rules, "default": default}


class Qklnk:
    """qklnk: one destination and campaign parameters, perhaps on the team's domain (Q4, Q5)."""

    name = "qklnk"

    def header(self, key: str) -> dict[str, str]:
        """The token."""
        return {"Authorization": f"Bearer {key}"}

    def page(self, api: Api, number: int) -> Page:
        """A page of ``data``; what its ``meta`` does not tell, a page that is not full does."""
        found = api.get("/links", page=number, per_page=PER_PAGE)
        items, meta = _list(found["data"]), found.get("meta") or {}
        last = _count(meta.get("last_page"))
        per_page = _count(meta.get("per_page")) or PER_PAGE
        more = number < last if last is not None else len(items) >= per_page
        return Page(items, _count(meta.get("total")), bool(items) and more)

    def identity(self, item: Json) -> object:
        """Its number."""
        return item["id"]

    def values(self, api: Api, item: Json, options: Options, is_there: IsThere) -> Values:  # noqa: ARG002
        """The destination without campaign parameters, which are the link's."""
        names = (f"utm_{name}" for name in UTM_NAMES)
        return {
            "slug": item["slug"],
            "domain": options.place(item.get("domain") or _host(item.get("short_url"))),
            "url": item["destination"],
            "clicks": item.get("clicks"),
            "created_at": item.get("created_at"),
            **{name: item[name] for name in names if name in item},
        }


class KlookUp:
    """Klook Up: one destination, perhaps behind a page (U4, U5).

    Its list lacks descriptions, posts and pages, so each link is asked for by itself, but for
    those that are here already.
    """

    name = "Klook Up"

    def header(self, key: str) -> dict[str, str]:
        """The token."""
        return {"Authorization": f"Bearer {key}"}

    def page(self, api: Api, number: int) -> Page:
        """A page of ``data.links``."""
        found = api.get("/links", page=number, limit=PER_PAGE)["data"]
        items, paging = _list(found["links"]), found["pagination"]
        more = bool(paging.get("has_more"))
        return Page(items, _count(paging.get("total_count")), bool(items) and more)

    def identity(self, item: Json) -> object:
        """Its number."""
        return item["id"]

    def values(self, api: Api, item: Json, options: Options, is_there: IsThere) -> Values:
        """The list's fields, and those of the link itself when it is not here yet."""
        values: dict[str, Any] = {
            "slug": item["short_code"],
            "domain": options.place(None),
            "url": item["target_url"],
            "type": item["link_type"],
            "title": item.get("title"),
            "is_active": item.get("is_active"),
            "expires_at": item.get("expires_at"),
            "clicks": item.get("clicks"),
            "created_at": item.get("created_at"),
        }
        if is_there(item["short_code"]):
            return values
        link = api.get(f"/links/{quote(str(item['id']), safe='')}")["data"]["link"]
        return values | {name: link.get(name) for name in ("description", "post_id", "site_url")}


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _count(value: object) -> int | None:
    """A number that the API tells, or None for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _host(short_url: object) -> str | None:
    return urlsplit(short_url).hostname if isinstance(short_url, str) else None


@dataclass(frozen=True, slots=True)
class Known:
    """A product that can be imported from.

    :ivar address: of its API, as its document says.
    """

    make: Callable[[], Product]
    address: str


PRODUCTS: dict[str, Known] = {
    "klinky": Known(Klinky, "https://klinky-api.fly.dev/api/v1"),
    "qklnk": Known(Qklnk, "https://qklnk.cc/api/v1"),
    "klookup": Known(KlookUp, "https://klookup.com/api/v1"),
}
"""By what ``klink import`` calls them."""
