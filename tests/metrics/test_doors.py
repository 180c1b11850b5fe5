from __future__ import annotations

import pytest

from klink.metrics import door_of


@pytest.mark.parametrize(
    "path, door",
    [
        ("/spring", "links"),
        ("/spring/page", "links"),
        ("/Spring/", "links"),
        ("/a/b/c", "links"),
        ("/api/v1/links", "klink"),
        ("/klink/api/v1/links", "klink"),
        ("/API/docs", "klink"),
        ("//api/v1/me", "klink"),
        ("/klinky/api/v1/public/links", "klinky"),
        ("/qklnk/api/v1/user", "qklnk"),
        ("/kliqs/api/v1/links", "kliqs"),
        ("/klookup/api/v1/links", "klookup"),
        ("/ready", "office"),
        ("/metrics", "office"),
        ("/_e", "events"),
        ("/_e.gif", "events"),
        ("/_klink.js", "events"),
        ("/_static/visitor.css", "pages"),
        ("/", "pages"),
        ("", "pages"),
        (None, "server"),
    ],
)
def test_a_path_has_a_door(path: str | None, door: str):
    assert door_of(path) == door
