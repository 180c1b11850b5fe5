"""What would cost much is refused before it does, at every door that could be asked."""

from __future__ import annotations

import pytest

from klink.db.models import Link
from tests.dialects.house import House
from tests.dialects.speakers import KLINK, KLINKY, SPEAKERS, Speaker, assert_error

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("door", SPEAKERS, ids=lambda door: door.name)
@pytest.mark.parametrize("many", ["[" + "{}," * 20_000 + "{}]", "[" + "1," * 20_000 + "1]"])
def test_more_values_than_any_request_has_are_not_looked_at(
    house: House, door: Speaker, many: str
) -> None:
    body = f'{{"url": "https://example.com/", "variants": {many}}}'
    reply = house.person(door.name).ask("POST", door.path, data=body, headers=JSON)
    status = {"klink": 400, "klinky": 422, "qklnk": 400, "kliqs": 400, "klookup": 400}
    assert_error(door, reply, status[door.name])


def test_a_list_that_is_too_long_is_refused_with_one_message(house: House) -> None:
    owner = house.person("klink")
    for fields, name in (
        ({"routing": {"variants": [{}] * 500}}, "routing.variants"),
        ({"url": "https://example.com/", "routing": {"rules": [{}] * 500}}, "routing.rules"),
        ({"url": "https://example.com/", "tags": [1] * 500}, "tags"),
    ):
        refused = owner.post(KLINK.path, fields)
        assert_error(KLINK, refused, 422)
        assert list(refused.json["errors"]) == [name]
    link = KLINK.make(owner)
    put = owner.put(f"{KLINK.path}/{link.id}/variants", [{}] * 500)
    assert list(put.json["errors"]) == ["routing.variants"]
    klinky = house.person("klinky")
    body = {"name": "Many", "variants": [{}] * 500}
    assert klinky.post(KLINKY.path, body).json["detail"] == "variants: must be 1 to 5 variants"


@pytest.mark.parametrize("door", [KLINK, KLINKY], ids=lambda door: door.name)
def test_weights_whose_sum_has_more_digits_than_python_writes(house: House, door: Speaker) -> None:
    weight = "9" * 4_300
    field = "url" if door is KLINK else "destination_url"
    variants = ", ".join(
        f'{{"label": "v{i}", "{field}": "https://example.com/{i}", "weight": {weight}}}'
        for i in range(3)
    )
    inner = f'"variants": [{variants}]'
    body = f'{{"routing": {{{inner}}}}}' if door is KLINK else f'{{"name": "n", {inner}}}'
    assert_error(door, house.person(door.name).ask("POST", door.path, data=body, headers=JSON), 422)
    assert Link.select().count() == 0


@pytest.mark.parametrize("door", SPEAKERS, ids=lambda door: door.name)
def test_asking_for_the_methods_of_a_path_is_no_success(house: House, door: Speaker) -> None:
    person = house.person(door.name, plan="month")
    for _ in range(3):
        assert_error(door, person.ask("OPTIONS", door.path), 405)
    door.make(person)


def test_letters_that_capitals_would_make_codes_of_are_no_countries(house: House) -> None:
    klinky = house.person("klinky")
    variants = [{"label": "a", "destination_url": "https://example.com/", "weight": 100}]
    for country in ("\u00df", "\u0131n"):
        body = {"name": "n", "variants": variants, "routing_type": "geo"}
        reply = klinky.post(KLINKY.path, body | {"geo_rules": {country: "a"}})
        assert_error(KLINKY, reply, 422)
        assert reply.json["detail"].startswith("geo_rules: ")
