"""Which dialect answers: the table of the contract, row by row."""

from __future__ import annotations

import pytest

from klink.dialects.select import dialect_of, place_of

HOSTS = {"go.example.org": "klookup", "api.example.org": "kliqs"}
KEYS = {
    "klink": "klink_" + "a" * 40,
    "klinky": "klinky_live_" + "a" * 32,
    "qklnk": "qklnk_" + "a" * 40,
    "kliqs": "kliqs_sk_live_" + "a" * 32,
    "klookup": "klup_" + "0" * 64,
}


@pytest.mark.parametrize(
    "path, key, host, default, dialect",
    [
        # 1. an explicit mount, whatever the key, the host and the default say
        ("/klink/api/v1/links", KEYS["qklnk"], "go.example.org", "klinky", "klink"),
        ("/klinky/api/v1/public/links", KEYS["qklnk"], "go.example.org", "klink", "klinky"),
        ("/qklnk/api/v1/user", None, "", "klink", "qklnk"),
        ("/kliqs/api/v1/links", None, "", "klink", "kliqs"),
        ("/klookup/api/v1/links/42", None, "", "klink", "klookup"),
        ("/klookup/api/links/42", None, "", "klink", "klookup"),
        ("/kliqs/api/v2/anything", None, "", "klink", "kliqs"),
        # 2. the prefix of the key, before the host, the path and the default
        ("/api/v1/links", KEYS["klink"], "go.example.org", "klinky", "klink"),
        ("/api/v1/links", KEYS["klinky"], "go.example.org", "klink", "klinky"),
        ("/api/v1/links", KEYS["qklnk"], "go.example.org", "klink", "qklnk"),
        ("/api/v1/links", KEYS["kliqs"], "go.example.org", "klink", "kliqs"),
        ("/api/v1/links", KEYS["klookup"], "api.example.org", "klink", "klookup"),
        ("/api/v1/public/links", KEYS["kliqs"], "", "klink", "kliqs"),
        ("/api/v1/user", KEYS["klink"], "", "klink", "klink"),
        ("/api/links/42", KEYS["klookup"], "", "klink", "klookup"),
        ("/api/v1/links", "klinky_live_", "", "klink", "klinky"),  # valid or not
        ("/api/v1/links", "klink_", "", "qklnk", "klink"),
        # 3. the host, before the path and the default
        ("/api/v1/links", None, "go.example.org", "klink", "klookup"),
        ("/api/v1/links", "nonsense", "api.example.org", "klink", "kliqs"),
        ("/api/v1/public/links", None, "go.example.org", "klink", "klookup"),
        ("/api/links", None, "go.example.org", "klink", "klookup"),
        # 4. a path that one dialect alone has, before the default
        ("/api/v1/public/links", None, "else.example.org", "klink", "klinky"),
        ("/api/v1/public", None, "", "qklnk", "klinky"),
        ("/api/v1/user", None, "", "klink", "qklnk"),
        ("/api/v1/events/record", "nonsense", "", "kliqs", "qklnk"),
        # 5. the default
        ("/api/v1/publicity", None, "", "klink", "klink"),
        ("/api/v1/users", None, "", "klink", "klink"),
        ("/api/v1/links", None, "", "klink", "klink"),
        ("/api/v1/links", None, "", "klookup", "klookup"),
        ("/api/v1", None, "", "klinky", "klinky"),
        ("/api/links/42", None, "", "klookup", "klookup"),
        # no dialect's
        ("/spring", None, "go.example.org", "klinky", None),
        ("/api/docs", KEYS["klinky"], "go.example.org", "klinky", None),
        ("/api/openapi.json", None, "", "klinky", None),
        ("/api/v10/links", KEYS["klinky"], "", "klinky", None),
        ("/klinky", None, "", "klinky", None),
        ("/health", None, "", "klinky", None),
    ],
)
def test_the_first_rule_that_applies_decides(
    path: str, key: str | None, host: str, default: str, dialect: str | None
) -> None:
    assert dialect_of(path, key, lambda: host, HOSTS, default) == dialect


def test_the_host_is_asked_for_only_when_it_matters() -> None:
    def host() -> str:
        raise AssertionError

    assert dialect_of("/kliqs/api/v1/links", None, host, HOSTS, "klink") == "kliqs"
    assert dialect_of("/api/v1/links", KEYS["qklnk"], host, HOSTS, "klink") == "qklnk"
    assert dialect_of("/spring", None, host, HOSTS, "klink") is None


@pytest.mark.parametrize(
    "dialect, path, place",
    [
        ("klinky", "/api/v1/public/links", "/klinky/api/v1/public/links"),
        ("klinky", "/klinky/api/v1/public/links", "/klinky/api/v1/public/links"),
        ("klookup", "/api/links/42", "/klookup/api/v1/links/42"),
        ("klookup", "/klookup/api/links", "/klookup/api/v1/links"),
        ("klookup", "/api/v1/links", "/klookup/api/v1/links"),
        ("kliqs", "/api/links", "/kliqs/api/links"),  # an alias of Klook Up's alone
    ],
)
def test_a_dialect_has_its_routes_below_its_mount(dialect: str, path: str, place: str) -> None:
    assert place_of(dialect, path) == place
