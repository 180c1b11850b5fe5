"""QR codes over the API."""

from __future__ import annotations

import struct

import pytest

from klink.core import qr
from klink.core.qr import Style
from tests.api.conftest import Person
from tests.api.problems import assert_problem


def test_a_links_code_is_that_of_its_short_url(owner: Person) -> None:
    link = owner.link()
    where = f"links/{link['id']}/qr"
    svg = owner.get(f"{where}.svg")
    assert (svg.status_code, svg.mimetype) == (200, "image/svg+xml")
    assert svg.data == qr.svg(link["short_url"], Style())
    png = owner.get(f"{where}.png?size=300&dark=%23102030&light=transparent&border=2&error=H")
    assert (png.status_code, png.mimetype) == (200, "image/png")
    style = Style(size=300, dark="#102030", light="transparent", border=2, error="H")
    assert png.data == qr.png(link["short_url"], style)
    assert struct.unpack(">II", png.data[16:24]) == (300, 300)


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_code_is_kept_and_asked_for_again_by_its_etag(owner: Person, kind: str) -> None:
    link = owner.link()
    where = f"links/{link['id']}/qr.{kind}"
    first = owner.get(where)
    assert first.headers["Cache-Control"] == "private, max-age=300"
    again = owner.get(where, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    owner.patch(f"links/{link['id']}", {"slug": "another"})
    changed = owner.get(where, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize(
    "query, name",
    [
        ("size=63", "size"),
        ("size=big", "size"),
        ("border=17", "border"),
        ("error=X", "error"),
        ("dark=red", "dark"),
        ("light=%22onload=", "light"),
        ("dark=ccc", "dark"),
        ("colour=red", "colour"),
    ],
)
def test_what_cannot_be_drawn_or_read_is_refused(owner: Person, query: str, name: str) -> None:
    reply = owner.get(f"links/{owner.link()['id']}/qr.png?{query}")
    assert list(assert_problem(reply, 422, "validation")["errors"]) == [name]


def test_nobody_elses_code_is_drawn_and_none_of_a_link_in_the_trash(
    owner: Person, stranger: Person
) -> None:
    link = owner.link()
    where = f"links/{link['id']}/qr.svg"
    assert_problem(stranger.get(where), 404, "not_found")
    owner.delete(f"links/{link['id']}")
    assert_problem(owner.get(where), 410, "gone")
