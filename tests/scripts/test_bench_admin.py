"""The benchmark's row about the admin page: what it asks for is really what a browser would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.benchmark import admin
from scripts.benchmark.measuring import most
from tests.admin.office import Office
from tests.dialects.house import House


@pytest.fixture
def office(db: str, tmp_path: Path) -> Iterator[Office]:
    house = House(tmp_path)
    yield Office(house)
    house.close()


@pytest.mark.parametrize(
    "of, values, found",
    [
        (95, [3.0], 3.0),
        (95, range(1, 21), 19),
        (95, range(20, 0, -1), 19),
        (95, range(1, 41), 38),
        (100, range(1, 41), 40),
    ],
)
def test_a_percentile_is_the_value_that_so_many_do_not_exceed(
    of: int, values: list[float], found: float
) -> None:
    assert admin.percentile(values, of) == found


def test_a_line_has_the_median_and_says_the_rest_beside_it() -> None:
    line = admin.Took([10.0, 200.0, 30.0], [1.0, 2.0, 9.0]).line("a page", is_judged=True)
    assert (line.value, line.bar, line.reached) == (30.0, most(100, "ms"), True)
    assert line.note == "p95 200.0 ms; the server computes for 2.0 ms"
    assert admin.Took([1.0], [1.0]).line("another", is_judged=False).reached is None


def test_all_parts_of_a_page_are_loaded_and_are_there(office: Office) -> None:
    owner = office.sign_in("owner")
    office.link("spring")
    parts = admin.parts_of(owner.get("/admin/links").text)
    names = {part.partition("?")[0].rpartition("/")[2] for part in parts}
    assert {"klink.svg", "tokens.css", "admin.css", "links.css", "admin.js", "links.js"} <= names
    for part in parts:
        reply = owner.get(part)
        assert reply.status_code == 200
        if part.partition("?")[0].endswith(".js"):
            # Under another address a browser would load and run it once more.
            assert set(admin.imports_of(part, reply.text)) <= set(parts)


def test_what_scripts_import_is_asked_for_again_but_loaded_once(office: Office) -> None:
    owner = office.sign_in("owner")
    reply = owner.get("/admin/static/admin.js")
    assert reply.headers["Cache-Control"] == "no-cache"
    again = owner.get("/admin/static/admin.js", headers={"If-None-Match": reply.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_what_a_script_imports_is_found_beside_it() -> None:
    lines = ("// a comment", 'import { a } from "./admin.js";', 'import "../other.js";')
    text = "\n".join((*lines, 'const x = "./y.js";'))
    found = admin.imports_of("/admin/static/links.js?v=1", text)
    assert found == ["/admin/static/admin.js", "/admin/other.js"]


@pytest.mark.parametrize("sort, clicks", [("-created", ()), ("-clicks", (0,))])
def test_a_list_begins_where_a_cursor_of_the_benchmark_says(
    office: Office, sort: str, clicks: tuple[int, ...]
) -> None:
    owner = office.sign_in("owner")
    made = [office.link(slug) for slug in ("first", "second", "third")]
    begin = admin.cursor(sort, *clicks, made[1].id)
    text = owner.get(f"/admin/links?sort={sort}&cursor={begin}").text
    shown = [link.slug for link in made if f"/</span>{link.slug}</a>" in text]
    assert shown == (["first"] if sort == "-created" else ["third"])
