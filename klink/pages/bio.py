"""``/@name``: a bio page, and its picture at ``/_bio/<name>/<hash>``.

Its links are short URLs, so each click is counted where it always is. That somebody looked at the
page is counted nowhere.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, request
from werkzeug.datastructures import Headers

from klink.clicks.visits import ARRIVAL, Arrival
from klink.core import bio
from klink.core.bio import ShownPage
from klink.core.errors import DatabaseBusy
from klink.pages import messages
from klink.pages.rendering import shown, told
from klink.web.parts import context

__all__ = ["add_bio_pages"]

PICTURES = "/_bio"

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_MAX_DESCRIPTION = 200  # search engines and messengers show no more

# The address changes with the picture. What it is, its bytes say; should a browser ever take it
# for a page, it may do nothing.
_PICTURE_HEADERS = Headers(
    {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)


def add_bio_pages(pages: Blueprint) -> None:
    """Add them to the pages, before the rule for all that is left.

    They expect the front before them, which says on whose host they are asked for.
    """
    rules = (
        ("/@<name>", "bio_page", _page),
        (f"{PICTURES}/<name>/<picture_hash>", "bio_picture", _picture),
    )
    for rule, endpoint, view in rules:
        pages.add_url_rule(
            rule,
            endpoint,
            view,
            methods=_METHODS,
            strict_slashes=False,
            provide_automatic_options=False,
        )


def _page(name: str) -> Response:
    domain_id = _domain_id()
    if not _is_read():
        return _only_read()
    page = bio.shown(context(), name, domain_id)
    if page is None:
        return told(messages.NOT_FOUND)
    picture = None if page.picture is None else _address(page)
    origin = page.url.removesuffix(f"/@{page.name}")
    response = shown(
        "bio",
        json=_as_json(page, picture and origin + picture),
        page=page,
        picture=picture,
        origin=origin,
        heading=page.title or f"@{page.name}",
        description=_description(page),
    )
    response.headers["X-Robots-Tag"] = "all"
    return response


def _picture(name: str, picture_hash: str) -> Response:
    domain_id = _domain_id()
    if not _is_read():
        return _only_read()
    found = bio.shown_picture(name, picture_hash, domain_id)
    if found is None:
        return told(messages.NOT_FOUND)
    return Response(found.data, content_type=found.type, headers=_PICTURE_HEADERS)


def _domain_id() -> int:
    """Whose host is asked."""
    arrival: Arrival | None = request.environ.get(ARRIVAL)
    if arrival is None:
        abort(404)
    if arrival.refusal == "wrong_host":
        abort(421)
    if arrival.refusal or arrival.domain_id is None:
        raise DatabaseBusy
    return arrival.domain_id


def _is_read() -> bool:
    return request.method in ("GET", "HEAD")


def _only_read() -> Response:
    response = told(messages.METHOD_NOT_ALLOWED)
    response.headers["Allow"] = "GET, HEAD"
    return response


def _address(page: ShownPage) -> str:
    """The path of a page's picture."""
    assert page.picture is not None
    return f"{PICTURES}/{page.name}/{page.picture.hash}"


def _description(page: ShownPage) -> str:
    """A page's text as one line of what others show of it."""
    words = " ".join(page.text.split())
    if len(words) <= _MAX_DESCRIPTION:
        return words
    return words[: _MAX_DESCRIPTION - 1].rstrip() + "…"


def _as_json(page: ShownPage, picture: str | None) -> dict[str, object]:
    return {
        "name": page.name,
        "title": page.title,
        "text": page.text,
        "url": page.url,
        "picture": picture,
        "links": [{"label": link.label, "url": link.url} for link in page.links],
    }
