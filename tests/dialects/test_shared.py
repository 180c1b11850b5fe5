"""What holds at all five doors, each in its own shape."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from klink.core import keys
from klink.db.models import Link
from tests.dialects.house import House, Person, Reply, at_once
from tests.dialects.speakers import (
    KLOOKUP,
    NAMERS,
    READERS,
    SPEAKERS,
    URL,
    Made,
    Speaker,
    assert_error,
)

JSON = {"Content-Type": "application/json"}

INVALID = {"klink": 422, "klinky": 422, "qklnk": 422, "kliqs": 400, "klookup": 400}
BROKEN = {"klink": 400, "klinky": 422, "qklnk": 400, "kliqs": 400, "klookup": 400}


def names(speakers: Sequence[Speaker]) -> list[str]:
    return [speaker.name for speaker in speakers]


all_doors = pytest.mark.parametrize("door", SPEAKERS, ids=names(SPEAKERS))
reading_doors = pytest.mark.parametrize("door", READERS, ids=names(READERS))
naming_doors = pytest.mark.parametrize("door", NAMERS, ids=names(NAMERS))


def read(door: Speaker, person: Person, made: Made) -> Reply:
    assert door.one is not None
    return person.get(door.one(made))


@all_doors
def test_a_link_that_is_made_redirects_at_once(house: House, door: Speaker) -> None:
    made = door.make(house.person(door.name))
    visit = house.visit(made.short_url)
    assert visit.status_code == 302
    assert visit.headers["Location"] == URL


@reading_doors
def test_what_was_made_is_read_back_with_its_clicks(house: House, door: Speaker) -> None:
    person = house.person(door.name)
    made = door.make(person)
    assert door.shown(read(door, person, made).json) == (URL, 0)
    house.visit(made.short_url)
    assert door.shown(read(door, person, made).json) == (URL, 1)


@all_doors
def test_one_link_more_than_the_plan_allows_is_refused(house: House, door: Speaker) -> None:
    person = house.person(door.name, plan="two-links")
    door.make(person)
    door.make(person)
    assert_error(door, person.post(door.path, door.body(URL)), 403)
    assert Link.select().count() == 2


@all_doors
def test_one_request_more_than_a_window_allows_is_refused(house: House, door: Speaker) -> None:
    for plan, turns_in in (("minute", "34"), ("hour", "3034"), ("month", "1500634")):
        person = house.person(door.name, plan=plan)
        done = 2 if plan != "month" else 0  # months count by workspace: those of all others
        for _ in range(done):
            door.make(person)
        refused = person.post(door.path, door.body(URL))
        assert_error(door, refused, 429)
        assert refused.headers["Retry-After"] == turns_in


@reading_doors
def test_an_unknown_link_is_not_found(house: House, door: Speaker) -> None:
    person = house.person(door.name)
    unknown = Made("019cece5-2470-778a-a32a-a42b8b769eed", "nowhere", "")
    if door is KLOOKUP:
        unknown = Made("999999", "nowhere", "")
    assert_error(door, read(door, person, unknown), 404)
    assert door.one is not None
    assert door.change is not None
    method, change = door.change
    assert_error(door, person.ask(method, door.one(unknown), json=change(URL)), 404)
    assert_error(door, person.delete(door.one(unknown)), 404)


@reading_doors
def test_a_strangers_link_is_out_of_reach(house: House, door: Speaker) -> None:
    made = door.make(house.person(door.name, workspace="elsewhere"))
    person = house.person(door.name)
    assert_error(door, read(door, person, made), 404)
    assert door.one is not None
    assert door.change is not None
    method, change = door.change
    status = 403 if door is KLOOKUP else 404
    assert_error(door, person.ask(method, door.one(made), json=change(URL)), status)
    assert_error(door, person.delete(door.one(made)), status)
    assert house.visit(made.short_url).status_code == 302


@all_doors
@pytest.mark.parametrize("raw", ["{", '{"url": "https://example.com"', "NaN", '{"a":1,"a":2}', ""])
def test_broken_json_is_told_so(house: House, door: Speaker, raw: str) -> None:
    person = house.person(door.name)
    reply = person.ask("POST", door.path, data=raw, headers=JSON)
    assert_error(door, reply, BROKEN[door.name])
    assert Link.select().count() == 0


@all_doors
@pytest.mark.parametrize("body", [[], [{"url": URL}], "text", 5, True, {}])
def test_a_body_of_the_wrong_shape_is_told_so(house: House, door: Speaker, body: object) -> None:
    reply = house.person(door.name).post(door.path, body)
    assert_error(door, reply, INVALID[door.name])
    assert Link.select().count() == 0


@all_doors
def test_a_body_that_is_too_large_is_told_so(house: House, door: Speaker) -> None:
    person = house.person(door.name)
    raw = '{"url": "' + "x" * 1_048_576 + '"}'
    assert_error(door, person.ask("POST", door.path, data=raw, headers=JSON), 413)


@all_doors
def test_a_body_that_is_no_json_by_its_type_is_told_so(house: House, door: Speaker) -> None:
    person = house.person(door.name)
    reply = person.ask("POST", door.path, data={"url": URL})
    assert_error(door, reply, 400 if door.name in ("kliqs", "klookup") else 415)


@all_doors
def test_a_wrong_method_and_an_unknown_path_are_told_so(house: House, door: Speaker) -> None:
    person = house.person(door.name)
    wrong = person.ask("DELETE", door.path)
    assert_error(door, wrong, 405)
    assert "POST" in wrong.headers["Allow"]
    assert_error(door, person.get(f"{door.path}/a/b/c/d"), 404)


@all_doors
def test_without_a_valid_key_there_is_no_way_in(house: House, door: Speaker) -> None:
    body = door.body(URL)
    assert_error(door, house.ask("POST", door.mount, json=body), 401)
    others = [house.person(each.name) for each in SPEAKERS if each is not door]
    for other in others:  # of another dialect
        assert_error(door, other.post(door.mount, body), 401)
    person = house.person(door.name)
    for wrong in (person.key[:-1], person.key + "x", person.key.upper(), "\u00e4"):
        sent = {"Authorization": f"Bearer {wrong}"}
        assert_error(door, house.ask("POST", door.mount, json=body, headers=sent), 401)
    basic = {"Authorization": "Basic eDp5", "X-API-Key": person.key}  # the first one wins
    assert_error(door, house.ask("POST", door.mount, json=body, headers=basic), 401)
    for view in keys.all_of_them():
        keys.revoke(house.ctx, view.uid)
    assert_error(door, person.post(door.path, body), 401)
    assert Link.select().count() == 0


@all_doors
def test_either_header_carries_the_key(house: House, door: Speaker) -> None:
    person = house.person(door.name)
    for sent in ({"Authorization": f"bearer {person.key}"}, {"X-API-Key": person.key}):
        reply = house.ask("POST", door.path, json=door.body(URL), headers=sent)
        assert reply.status_code == 201, reply.text


@all_doors
def test_a_scope_that_the_key_lacks_is_told_so(house: House, door: Speaker) -> None:
    reader = house.person(door.name, scopes=["read"])
    assert_error(door, reader.post(door.path, door.body(URL)), 403)
    if door.one is not None:
        maker = house.person(door.name, scopes=["create"])
        made = door.make(maker)
        assert_error(door, maker.get(door.one(made)), 403)
        assert_error(door, maker.delete(door.one(made)), 403)
        assert door.change is not None
        method, change = door.change
        assert_error(door, reader.ask(method, door.one(made), json=change(URL)), 403)


@all_doors
def test_a_plan_without_the_api_is_told_so(house: House, door: Speaker) -> None:
    person = house.person(door.name, plan="klinky-free")
    assert_error(door, person.post(door.path, door.body(URL)), 403)


@all_doors
@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "ftp://example.com/",
        "javascript:alert(1)",
        "https://user:pass@example.com/",
        "https://go.example.org/api/v1/links",
        "https://example.com/" + "x" * 2048,
        "https://example.com/\r\nSet-Cookie: a=b",
    ],
)
def test_a_url_that_nobody_may_be_sent_to_is_refused(house: House, door: Speaker, url: str) -> None:
    assert_error(door, house.person(door.name).post(door.path, door.body(url)), INVALID[door.name])
    assert Link.select().count() == 0


@naming_doors
def test_a_reserved_and_a_taken_slug_are_refused(house: House, door: Speaker) -> None:
    person = house.person(door.name)
    reserved = person.post(door.path, door.body(URL) | {"slug": "admin"})
    assert_error(door, reserved, INVALID[door.name])
    door.make(person, slug="spring")
    assert_error(door, person.post(door.path, door.body(URL) | {"slug": "spring"}), 409)


@all_doors
def test_the_same_request_with_the_same_idempotency_key_is_done_once(
    house: House, door: Speaker
) -> None:
    person = house.person(door.name)
    first = person.post(door.path, door.body(URL), headers={"Idempotency-Key": "once"})
    again = person.post(door.path, door.body(URL), headers={"Idempotency-Key": '"once"'})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    other = person.post(door.path, door.body(URL + "x"), headers={"Idempotency-Key": "once"})
    assert_error(door, other, 422)
    house.later(hours=24, seconds=1)
    later = person.post(door.path, door.body(URL), headers={"Idempotency-Key": "once"})
    assert door.made(later.json) != door.made(first.json)
    assert Link.select().count() == 2


@pytest.mark.every_engine
@all_doors
def test_of_32_at_once_with_one_idempotency_key_one_makes_the_link(
    house: House, door: Speaker
) -> None:
    person = house.person(door.name)
    sent = {"Idempotency-Key": "once"}
    replies = at_once([lambda: person.post(door.path, door.body(URL), headers=sent)] * 32)
    for reply in replies:
        if reply.status_code != 201:
            assert_error(door, reply, 409)
    fresh = [r for r in replies if r.status_code == 201 and "Idempotency-Replayed" not in r.headers]
    assert len(fresh) == 1
    assert {door.made(r.json) for r in replies if r.status_code == 201} == {
        door.made(fresh[0].json)
    }
    assert Link.select().count() == 1


@pytest.mark.every_engine
@naming_doors
def test_of_32_at_once_for_one_slug_one_gets_it(house: House, door: Speaker) -> None:
    person = house.person(door.name)
    body = door.body(URL) | {"slug": "spring"}
    replies = at_once([lambda: person.post(door.path, body)] * 32)
    refused = [reply for reply in replies if reply.status_code != 201]
    assert len(refused) == 31
    for reply in refused:
        assert_error(door, reply, 409)
    assert Link.select().count() == 1


@pytest.mark.every_engine
@all_doors
def test_of_32_at_once_for_the_last_link_of_a_plan_one_gets_it(house: House, door: Speaker) -> None:
    person = house.person(door.name, plan="two-links")
    door.make(person)
    replies = at_once([lambda: person.post(door.path, door.body(URL))] * 32)
    refused = [reply for reply in replies if reply.status_code != 201]
    assert len(refused) == 31
    for reply in refused:
        assert_error(door, reply, 403)
    assert Link.select().count() == 2


@pytest.mark.every_engine
@all_doors
@pytest.mark.parametrize("plan", ["minute", "hour", "month"])
def test_of_32_at_once_for_the_last_request_of_a_window_one_gets_it(
    house: House, door: Speaker, plan: str
) -> None:
    person = house.person(door.name, plan=plan)
    door.make(person)
    replies = at_once([lambda: person.post(door.path, door.body(URL))] * 32)
    refused = [reply for reply in replies if reply.status_code != 201]
    assert len(refused) == 31
    for reply in refused:
        assert_error(door, reply, 429)
        assert int(reply.headers["Retry-After"]) >= 1


@all_doors
@pytest.mark.parametrize(
    "plan, ends",
    [
        ("minute", "2026-03-14T15:10:00"),
        ("hour", "2026-03-14T16:00:00"),
        ("month", "2026-04-01T00:00:00"),
    ],
)
def test_windows_turn_at_their_second_and_survive_a_restart(
    house: House, door: Speaker, plan: str, ends: str
) -> None:
    person = house.person(door.name, plan=plan)
    door.make(person)
    house.restart()
    door.make(person)
    house.restart()
    wait_s = int(person.post(door.path, door.body(URL)).headers["Retry-After"])
    house.later(seconds=wait_s - 1)
    assert_error(door, person.post(door.path, door.body(URL)), 429)
    house.later(seconds=1)
    assert house.now.isoformat() == f"{ends}+00:00"
    door.make(person)


@all_doors
def test_an_error_of_ours_says_nothing_of_itself(
    house: House, door: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("the secret reason")

    person = house.person(door.name)
    monkeypatch.setattr("klink.core.slugs.generate", broken)
    reply = person.post(door.path, door.body(URL))
    assert_error(door, reply, 500)
    assert "secret" not in reply.text
    assert reply.headers["X-Request-Id"] in reply.text or door.name == "qklnk"
    assert Link.select().count() == 0
