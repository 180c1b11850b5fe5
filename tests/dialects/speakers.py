"""The five doors, each as a test needs it: how to make, read and change a link there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.dialects.house import Person, Reply

URL = "https://example.com/landing?a=1#top"

ERRORS: Mapping[str, set[str]] = {
    "klink": {"type", "title", "status", "detail", "code"},
    "klinky": {"detail"},
    "qklnk": {"message"},
    "kliqs": {"success", "error", "message"},
    "klookup": {"success", "error"},
}
"""What every error holds; beside it there may be ``errors``, ``details``, ``request_id``."""

_MORE = {"errors", "details", "request_id"}


@dataclass(frozen=True)
class Made:
    """A link that a door has made."""

    id: str
    slug: str
    short_url: str


@dataclass(frozen=True)
class Speaker:
    """A door.

    :param path: where links are made.
    :param body: what makes a link to a URL.
    :param made: reads the answer to that.
    :param one: the path of a link.
    :param shown: the URL and the clicks that a link shows, from the answer to reading it.
    :param change: a body that changes a link.
    :param slug: the field that takes a slug, when the door lets one choose.
    """

    name: str
    path: str
    body: Callable[[str], dict[str, Any]]
    made: Callable[[Any], Made]
    one: Callable[[Made], str] | None
    shown: Callable[[Any], tuple[str, int]]
    change: tuple[str, Callable[[str], dict[str, Any]]] | None
    slug: str | None

    @property
    def mount(self) -> str:
        """Where links are made, whatever the key."""
        return f"/{self.name}{self.path}"

    def make(self, person: Person, url: str = URL, **fields: Any) -> Made:
        """A link that is made."""
        reply = person.post(self.path, self.body(url) | fields)
        assert reply.status_code == 201, reply.text
        return self.made(reply.json)


def assert_error(speaker: Speaker, reply: Reply, status: int) -> None:
    """The answer is an error of this status in the door's own shape."""
    assert reply.status_code == status, (reply.status_code, reply.text)
    kind = "application/problem+json" if speaker.name == "klink" else "application/json"
    assert reply.mimetype == kind
    assert reply.json.keys() - _MORE == ERRORS[speaker.name]
    assert all(value not in ("", None) for value in reply.json.values())


KLINK = Speaker(
    name="klink",
    path="/api/v1/links",
    body=lambda url: {"url": url},
    made=lambda answer: Made(answer["id"], answer["slug"], answer["short_url"]),
    one=lambda made: f"/api/v1/links/{made.id}",
    shown=lambda answer: (answer["url"], answer["clicks"]),
    change=("PATCH", lambda url: {"url": url}),
    slug="slug",
)
KLINKY = Speaker(
    name="klinky",
    path="/api/v1/public/links",
    body=lambda url: {
        "name": "A link",
        "variants": [{"label": "main", "destination_url": url, "weight": 100}],
    },
    made=lambda answer: Made(answer["id"], answer["slug"], answer["short_url"]),
    one=lambda made: f"/api/v1/public/links/{made.id}",
    shown=lambda answer: (answer["variants"][0]["destination_url"], answer["total_clicks"]),
    change=("PUT", lambda _: {"name": "Another name"}),
    slug="slug",
)
QKLNK = Speaker(
    name="qklnk",
    path="/api/v1/links",
    body=lambda url: {"destination": url},
    made=lambda answer: Made(
        answer["data"]["slug"], answer["data"]["slug"], answer["data"]["short_url"]
    ),
    one=lambda made: f"/api/v1/links/{made.slug}",
    shown=lambda answer: (answer["data"]["destination"], answer["data"]["clicks"]),
    change=("PUT", lambda url: {"destination": url}),
    slug=None,
)
KLIQS = Speaker(
    name="kliqs",
    path="/api/v1/links",
    body=lambda url: {"url": url},
    made=lambda answer: Made(
        answer["data"]["id"], answer["data"]["short_code"], answer["data"]["short_url"]
    ),
    one=None,
    shown=lambda answer: (answer["data"]["destination_url"], 0),
    change=None,
    slug="slug",
)
KLOOKUP = Speaker(
    name="klookup",
    path="/api/v1/links",
    body=lambda url: {"url": url},
    made=lambda answer: Made(
        str(answer["data"]["id"]), answer["data"]["short_code"], answer["data"]["short_url"]
    ),
    one=lambda made: f"/api/v1/links/{made.id}",
    shown=lambda answer: (answer["data"]["link"]["target_url"], answer["data"]["link"]["clicks"]),
    change=("PUT", lambda url: {"url": url}),
    slug=None,
)

SPEAKERS = (KLINK, KLINKY, QKLNK, KLIQS, KLOOKUP)
READERS = tuple(speaker for speaker in SPEAKERS if speaker.one is not None)
NAMERS = tuple(speaker for speaker in SPEAKERS if speaker.slug is not None)
