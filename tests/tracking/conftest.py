"""A house with somebody who owns it, and a visitor who came by a link of theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.dialects.house import House, Person, Reply


@pytest.fixture
def house(db: str, tmp_path: Path) -> Iterator[House]:
    """Every door over a fresh database; the ledger runs."""
    made = House(tmp_path)
    yield made
    made.close()


@dataclass
class Shop:
    """A site whose pages send events to klink, and the owner of its links."""

    house: House
    owner: Person

    @property
    def workspace(self) -> str:
        """The public id that stands in the pages."""
        found: str = self.owner.get("/api/v1/me").json["workspace"]["public_id"]
        return found

    def link(self, slug: str = "spring", **fields: Any) -> dict[str, Any]:
        """A link to the shop that tracks conversions, split in two unless it says otherwise."""
        if "url" not in fields:
            variants = [
                {"label": label, "url": f"https://shop.example.com/{label}", "weight": 50}
                for label in "ab"
            ]
            fields["routing"] = {"mode": "split", "variants": variants}
        fields = {"slug": slug, "conversion_tracking": True} | fields
        reply = self.owner.post("/api/v1/links", fields)
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json
        return made

    def read(self, link: dict[str, Any]) -> dict[str, Any]:
        """The link, now."""
        found: dict[str, Any] = self.owner.get(f"/api/v1/links/{link['id']}").json
        return found

    def arrive(self, link: dict[str, Any], **more: Any) -> tuple[str, str]:
        """A visitor follows the link; gives their klid and the path they were sent to."""
        reply = self.house.visit(link["short_url"], **more)
        place = urlsplit(reply.headers["Location"])
        return parse_qs(place.query)["klid"][0], place.path

    def tell(self, klid: str, **fields: Any) -> Reply:
        """A page's script tells of a purchase; a field of None is left out."""
        event: dict[str, Any] = {"workspace": self.workspace, "visitor_id": klid}
        event |= {"event_name": "purchase"} | fields
        return self.post({name: value for name, value in event.items() if value is not None})

    def post(self, event: object, **more: Any) -> Reply:
        """A request to ``/_e`` as the script sends it."""
        data = event if isinstance(event, bytes) else json.dumps(event).encode()
        headers = {"Content-Type": "text/plain;charset=UTF-8", "Origin": "https://shop.example.com"}
        headers |= more.pop("headers", {})
        return self.house.ask("POST", "/_e", data=data, headers=headers, **more)

    def events(self) -> list[dict[str, Any]]:
        """All events of the workspace."""
        found: list[dict[str, Any]] = self.owner.get("/api/v1/events").json["items"]
        return found


@pytest.fixture
def shop(house: House) -> Shop:
    return Shop(house, house.person("klink"))
