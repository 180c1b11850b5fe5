"""A destination that a list names is refused at every door, in the door's own shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from klink.core.blocking.lists import Blocklists
from tests.dialects.house import House
from tests.dialects.speakers import KLINKY, SPEAKERS, Speaker, assert_error

BAD = "https://www.bad.example/login"
LISTS = {"blocklists": Blocklists(hosts=["bad.example"], brands=["paypal.com"])}
STATUSES = {"kliqs": 400, "klookup": 400}
TOLD = "is blocked by this server's list of hosts"


@pytest.fixture
def guarded(db: str, tmp_path: Path):
    made = House(tmp_path, **LISTS)
    yield made
    made.close()


@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_a_blocked_destination_is_refused_at_every_door(guarded: House, speaker: Speaker):
    person = guarded.person(speaker.name)
    reply = person.post(speaker.path, speaker.body(BAD))
    assert_error(speaker, reply, STATUSES.get(speaker.name, 422))
    assert TOLD in reply.text
    assert "bad.example" not in reply.text
    assert speaker.make(person).short_url


@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_what_poses_as_a_brand_is_refused_at_every_door(guarded: House, speaker: Speaker):
    person = guarded.person(speaker.name)
    reply = person.post(speaker.path, speaker.body("https://pаypal.com/"))
    assert_error(speaker, reply, STATUSES.get(speaker.name, 422))
    assert "looks like paypal.com" in reply.text


@pytest.mark.parametrize(
    "speaker",
    [each for each in SPEAKERS if each.change and each is not KLINKY],
    ids=lambda speaker: speaker.name,
)
def test_no_door_changes_a_link_to_lead_there(guarded: House, speaker: Speaker):
    assert speaker.change is not None
    assert speaker.one is not None
    person = guarded.person(speaker.name)
    path = speaker.one(speaker.make(person))
    method, body = speaker.change
    reply = person.ask(method, path, json=body(BAD))
    assert_error(speaker, reply, STATUSES.get(speaker.name, 422))
    assert TOLD in reply.text


FIELDS: dict[str, tuple[str, dict[str, Any]]] = {
    "klink": ("url", {"url": BAD}),
    "kliqs": ("INVALID_URL", {"url": BAD}),
    "klookup": ("url", {"url": BAD}),
    "qklnk": ("destination", {"destination": BAD}),
}


@pytest.mark.parametrize("door", FIELDS)
def test_the_refusal_stands_on_the_doors_own_field(guarded: House, door: str):
    named, body = FIELDS[door]
    told = guarded.person(door).post("/api/v1/links", body).json
    assert (
        named
        in {
            "klink": lambda: told["errors"],
            "kliqs": lambda: [told["error"]],
            "klookup": lambda: told["details"],
            "qklnk": lambda: told["errors"],
        }[door]()
    )


def test_variants_of_klinky_are_refused_where_they_are_replaced(guarded: House):
    person = guarded.person("klinky")
    made = KLINKY.make(person)
    variants = [{"label": "main", "destination_url": BAD, "weight": 100}]
    reply = person.put(f"{KLINKY.path}/{made.id}/variants", variants)
    assert_error(KLINKY, reply, 422)
    assert TOLD in reply.text


def test_of_many_links_the_blocked_ones_are_refused(guarded: House):
    person = guarded.person("klink")
    reply = person.post("/api/v1/links/bulk", [{"url": "https://fine.example/"}, {"url": BAD}])
    assert [item["status"] for item in reply.json] == [201, 422]
    assert reply.json[1]["problem"]["errors"] == {"url": [TOLD]}
