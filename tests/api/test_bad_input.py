"""Whatever is wrong with a request: the documented problem, and nothing is written."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from klink.db.models import Domain
from tests.api.conftest import Person
from tests.api.problems import assert_problem, rows

URL = "https://example.com/"
MIB = 1024 * 1024


class Bad(NamedTuple):
    """A body for ``POST /links`` and what it must be told."""

    name: str
    data: bytes
    status: int = 400
    code: str = "invalid_json"


def no_json(name: str, text: str | bytes) -> Bad:
    return Bad(name, text.encode() if isinstance(text, str) else text)


def field(name: str, **fields: Any) -> Bad:
    """A link with one field that cannot be accepted."""
    return Bad(name, json.dumps({"url": URL} | fields).encode(), 422, "validation")


BROKEN = [
    no_json("empty", ""),
    no_json("white space", "  \n"),
    no_json("half an object", '{"url": "https://example.com/"'),
    no_json("two documents", "{} {}"),
    no_json("single quotes", "{'url': 'https://example.com/'}"),
    no_json("trailing comma", '{"url": "https://example.com/",}'),
    no_json("a form", "url=https://example.com/"),
    no_json("NaN", '{"url": "https://example.com/", "max_clicks": NaN}'),
    no_json("Infinity", '{"max_clicks": -Infinity}'),
    no_json("a float without end", '{"max_clicks": 1e999}'),
    no_json("an integer of 5,000 digits", '{"max_clicks": ' + "9" * 5000 + "}"),
    no_json("the same member twice", '{"url": "https://a.example/", "url": "https://b.example/"}'),
    no_json("Latin-1", '{"title": "é"}'.encode("latin-1")),
    no_json("UTF-16", json.dumps({"url": URL}).encode("utf-16")),
    no_json("a byte order mark", b"\xef\xbb\xbf{}"),
    no_json("a raw control character", b'{"title": "\x01"}'),
    no_json("100,000 brackets", "[" * 100_000),
    no_json("100,000 objects", '{"a":' * 100_000),
    no_json("40 levels", '{"url":"https://a.example/","routing":' + "[" * 40 + "]" * 40 + "}"),
]

WRONG = [
    Bad("no object: null", b"null", 422, "validation"),
    Bad("no object: a list", b"[]", 422, "validation"),
    Bad("no object: a text", b'"https://example.com/"', 422, "validation"),
    Bad("no object: a number", b"5", 422, "validation"),
    Bad("nothing at all", b"{}", 422, "validation"),
    field("an unknown field", colour="red"),
    field("an unknown field with a surrogate", **{"\ud800": 1}),
    field("an unknown field of a megabyte", **{"a" * 900_000: 1}),
    field("a read-only field", clicks=5),
    field("url is a number", url=5),
    field("url is null", url=None),
    field("url is a list", url=[URL]),
    field("url is empty", url=""),
    field("slug is a number", slug=42),
    field("title is an object", title={"a": 1}),
    field("tags is a text", tags="red"),
    field("a tag is a number", tags=[1]),
    field("a tag is empty", tags=["red", ""]),
    field("too many tags", tags=[str(i) for i in range(51)]),
    field("type is unknown", type="popup"),
    field("a flag is a text", forward_query="true"),
    field("a flag is a number", is_active=1),
    field("a number is a text", max_clicks="5"),
    field("a number is a float", max_clicks=5.0),
    field("a number is a flag", max_clicks=True),
    field("a number is zero", max_clicks=0),
    field("a number is negative", max_clicks=-1),
    field("a number is huge", max_clicks=2**31),
    field("a number is beyond any database", max_clicks=10**30),
    field("a redirect status that is none", redirect_status=200),
    field("a time is a number", expires_at=1767225600),
    field("a time is no time", expires_at="tomorrow"),
    field("a time is a bare date", expires_at="2027-01-01"),
    field("a time without seconds", expires_at="2027-01-01T00:00Z"),
    field("a time with +0000", expires_at="2027-01-01T00:00:00+0000"),
    field("a time that cannot be", expires_at="2027-02-30T00:00:00Z"),
    field("a time before year 1", starts_at="0001-01-01T00:00:00+23:59"),
    field("a time in the past", expires_at="2020-01-01T00:00:00Z"),
    field("an end before the start", starts_at="2027-01-02T00:00:00Z",
          expires_at="2027-01-01T00:00:00Z"),
    field("utm is a text", utm="mail"),
    field("a utm is a number", utm={"source": 1}),
    field("a utm is unknown", utm={"utm_source": "mail"}),
    field("a utm is over-long", utm={"source": "a" * 256}),
    field("a site_url without inpage", site_url="https://blog.example/"),
    field("a site_url that is none", type="inpage", site_url="blog.example"),
    field("experiment is null", experiment=None),
    field("a threshold below ten", experiment={"threshold": 9}),
    field("an empty password", password=""),
    field("an over-long password", password="a" * 129),
    field("a password with a surrogate", password="\udc00"),
    field("a domain that is not ours", domain="other.example"),
    field("a domain with NUL", domain="other\0.example"),
    field("a domain with a surrogate", domain="\ud800"),
    field("routing is a list", routing=[]),
    field("routing is null", routing=None),
    field("a mode that is none", routing={"mode": "random"}),
    field("split without variants", routing={"mode": "split"}),
    field("a variant is a text", routing={"variants": ["a"]}),
    field("a rule without variants", routing={"rules": [{"when": {"country": "US"}, "use": "a"}]}),
    field("when is a list", routing={"rules": [{"when": [], "use": "a"}]}),
]  # fmt: skip

URLS = {
    "javascript": "javascript:alert(1)",
    "javascript in capitals": "JaVaScRiPt:alert(1)",
    "javascript with a host": "javascript://example.com/%0aalert(1)",
    "data": "data:text/html,<script>alert(1)</script>",
    "ftp": "ftp://example.com/",
    "file": "file:///etc/passwd",
    "mailto": "mailto:a@example.com",
    "no scheme": "example.com",
    "a path": "/landing",
    "no scheme but slashes": "//example.com/",
    "no host": "https://",
    "no host but a path": "https:///path",
    "one slash": "https:/example.com/",
    "a user name": "https://user@example.com/",
    "a password": "https://user:pass@example.com/",
    "an empty user name": "https://@example.com/",
    "a newline": "https://example.com/\nSet-Cookie: a=b",
    "a tab in the scheme": "java\tscript:alert(1)",
    "NUL": "https://example.com/\0",
    "delete": "https://example.com/\x7f",
    "a C1 control": "https://example.com/\x85",
    "a space before": " https://example.com/",
    "a space after": "https://example.com/ ",
    "a space in the host": "https://exa mple.com/",
    "a lone surrogate": "https://example.com/\ud800",
    "a backslash before the path": "https://example.com\\@evil.example/",
    "2,049 characters": "https://example.com/" + "a" * 2029,
    "a megabyte": "https://example.com/" + "a" * 1_000_000,
    "2,048 that grow when encoded": "https://example.com/" + "é" * 1_000,
    "a bad port": "https://example.com:99999/",
    "a bad address": "https://256.256.256.256/",
    "a percent host": "https://%zz/",
    "a loop: the root": "https://go.example.org/",
    "a loop: a slug that exists": "https://go.example.org/taken",
    "a loop: its page": "https://go.example.org/taken/page",
    "a loop: percent-encoded": "https://go.example.org/%74aken",
    "a loop: doubly slashed": "https://go.example.org//taken",
    "a loop: with dots": "https://go.example.org/x/../taken",
    "a loop: over http": "http://go.example.org/taken",
    "a loop: with the port": "https://go.example.org:443/taken",
    "a loop: in capitals": "HTTPS://GO.EXAMPLE.ORG/taken",
    "a loop: a final dot": "https://go.example.org./taken",
    "a loop: full width": "https://\uff47o.example.org/taken",
    "a loop: with a query": "https://go.example.org/taken?x=1#y",
    "a loop: the API": "https://go.example.org/api/v1/links",
    "a loop: the API in capitals": "https://go.example.org/API",
    "a loop: our own path": "https://go.example.org/_klink.js",
    "a loop: the slug being made": "https://go.example.org/coming",
    "a loop: a verified domain": "https://s.example/short",
}

SLUGS = {
    "reserved": "api",
    "reserved in capitals": "Admin",
    "reserved for later": "login",
    "a dot": "a.b",
    "a slash": "a/b",
    "a space": "a b",
    "an umlaut": "ä",
    "an emoji": "💩",
    "a leading dash": "-a",
    "a trailing underscore": "a_",
    "65 characters": "a" * 65,
    "NUL": "a\0",
    "a lone surrogate": "\ud800",
    "a newline at the end": "abc\n",
    "a full-width letter": "\uff41bc",
}

TEXTS = {
    "NUL": "a\0b",
    "a lone surrogate": "a\udfff",
    "a control character": "a\x07b",
    "over-long": "a" * 501,
}

CASES = (
    BROKEN
    + WRONG
    + [field(f"url: {name}", url=text, slug="coming") for name, text in URLS.items()]
    + [
        field(f"expired_url: {name}", expired_url=text, slug="coming")
        for name, text in URLS.items()
    ]
    + [
        field(f"failover_url: {name}", failover_url=text, slug="coming")
        for name, text in URLS.items()
    ]
    + [
        field(f"conversion_redirect_url: {name}", conversion_redirect_url=text, slug="coming")
        for name, text in URLS.items()
    ]
    + [
        field(
            f"variant: {name}",
            url=None,
            slug="coming",
            routing={"variants": [{"label": "a", "url": text, "weight": 100}]},
        )
        for name, text in URLS.items()
    ]
    + [field(f"slug: {name}", slug=text) for name, text in SLUGS.items()]
    + [
        field(f"{where}: {name}", **{where: text})
        for where in ("title", "description", "post_id")
        for name, text in TEXTS.items()
    ]
    + [field(f"tag: {name}", tags=[text]) for name, text in TEXTS.items()]
)


@pytest.fixture
def taken(owner: Person) -> None:
    """A slug that is taken, here and on a verified domain."""
    owner.link(slug="taken")
    Domain.create(host="s.example", workspace=owner.workspace_id, verified_at=1, created_at=1)
    owner.link(slug="short", domain="s.example")


def test_each_bad_body_is_told_what_is_wrong_and_nothing_is_written(
    owner: Person, taken: None
) -> None:
    before = rows()
    for bad in CASES:
        for key in ({}, {"Idempotency-Key": "k"}):
            reply = owner.ask(
                "POST", "links", data=bad.data, content_type="application/json", headers=key
            )
            try:
                problem = assert_problem(reply, bad.status, bad.code)
            except AssertionError as error:
                raise AssertionError(f"{bad.name}: {error}") from error
            assert len(reply.data) < 3_000, bad.name
            assert all(texts for texts in problem.get("errors", {"": "x"}).values()), bad.name
    assert rows() == before


VARIANTS: list[tuple[list[dict[str, Any]], str]] = [
    ([{"label": "a", "url": URL, "weight": 99}], "routing.variants"),
    ([{"label": "a", "url": URL, "weight": 101}], "routing.variants.0.weight"),
    ([{"label": "a", "url": URL, "weight": -1}], "routing.variants.0.weight"),
    ([{"label": "a", "url": URL, "weight": "100"}], "routing.variants.0.weight"),
    ([{"label": "a", "url": URL, "weight": 10**30}], "routing.variants.0.weight"),
    ([{"label": "", "url": URL, "weight": 100}], "routing.variants.0.label"),
    ([{"label": "split", "url": URL, "weight": 100}], "routing.variants.0.label"),
    ([{"label": "a" * 51, "url": URL, "weight": 100}], "routing.variants.0.label"),
    ([{"label": "a\0", "url": URL, "weight": 100}], "routing.variants.0.label"),
    ([{"url": URL, "weight": 100}], "routing.variants.0.label"),
    ([{"label": "a", "weight": 100}], "routing.variants.0.url"),
    (
        [
            {"label": "a", "url": URL, "weight": 50},
            {"label": "b", "url": "data:,", "weight": 50},
        ],
        "routing.variants.1.url",
    ),
    ([{"label": "a", "url": URL, "weight": 50}] * 2, "routing.variants"),
    (
        [{"label": str(i), "url": URL, "weight": 0 if i else 100} for i in range(21)],
        "routing.variants",
    ),
]


def test_bad_variants_are_named_by_their_place(owner: Person) -> None:
    before = rows()
    for variants, path in VARIANTS:
        reply = owner.post("links", {"routing": {"variants": variants}})
        assert path in assert_problem(reply, 422, "validation")["errors"], variants
    assert rows() == before


RULES: list[tuple[dict[str, Any], str]] = [
    ({"when": {"country": "XYZ"}, "use": "a"}, "when.country"),
    ({"when": {"country": [1]}, "use": "a"}, "when.country"),
    ({"when": {"country": ["US", "UK"]}, "use": "a"}, "when.country"),
    ({"when": {"country": "XX"}, "use": "a"}, "when.country"),
    ({"when": {"planet": "Mars"}, "use": "a"}, "when.planet"),
    ({"when": {"device": "toaster"}, "use": "a"}, "when.device"),
    ({"when": {"hours": [0, 25]}, "use": "a"}, "when.hours"),
    ({"when": {"timezone": "../etc/passwd"}, "use": "a"}, "when.timezone"),
    ({"when": {"timezone": "Europe"}, "use": "a"}, "when.timezone"),
    ({"when": {"after": "now"}, "use": "a"}, "when.after"),
    (
        {"when": {"after": "2026-02-01T00:00:00Z", "before": "2026-01-01T00:00:00Z"}, "use": "a"},
        "when.before",
    ),
    ({"when": {"query": {"a": 1}}, "use": "a"}, "when.query"),
    ({"when": {"os": "\ud800"}, "use": "a"}, "when.os"),
    ({"when": {"browser": "a\0"}, "use": "a"}, "when.browser"),
    ({"when": {"query": {"a": {"b": [[[[[]]]]]}}}, "use": "a"}, "when.query"),
    ({"when": {}, "use": "a"}, "when"),
    ({"when": "US", "use": "a"}, "when"),
    ({"when": {"country": "US"}, "use": "c"}, "use"),
    ({"when": {"country": "US"}}, "use"),
    ({"use": "a"}, "when"),
]


def test_bad_rules_are_named_by_their_place(owner: Person) -> None:
    before = rows()
    for rule, path in RULES:
        routing = {"variants": [{"label": "a", "url": URL, "weight": 100}], "rules": [rule]}
        problem = assert_problem(owner.post("links", {"routing": routing}), 422, "validation")
        assert f"routing.rules.0.{path}" in problem["errors"], rule
    assert rows() == before


def test_the_rules_of_a_link_name_only_so_many_values(owner: Person) -> None:
    def routing(rules: int) -> dict[str, Any]:
        names = [f"browser {number}" for number in range(100)]
        return {
            "variants": [{"label": "a", "url": URL, "weight": 100}],
            "rules": [{"when": {"browser": names}, "use": "a"}] * rules,
        }

    before = rows()
    problem = assert_problem(owner.post("links", {"routing": routing(11)}), 422, "validation")
    assert problem["errors"] == {"routing.rules": ["may name 1,000 values in all, not 1,100"]}
    assert rows() == before
    assert owner.post("links", {"routing": routing(10)}).status_code == 201


def test_all_problems_of_a_body_are_told_at_once(owner: Person) -> None:
    problem = assert_problem(
        owner.post("links", {"url": "data:,", "title": "a" * 201, "max_clicks": 0}),
        422,
        "validation",
    )
    assert sorted(problem["errors"]) == ["max_clicks", "title", "url"]


def test_a_thousand_unknown_fields_get_a_short_answer(owner: Person) -> None:
    reply = owner.post("links", {f"field{i}": 1 for i in range(1000)})
    assert len(assert_problem(reply, 422, "validation")["errors"]) == 100


def test_a_taken_slug_is_a_conflict_until_it_is_purged(owner: Person, stranger: Person) -> None:
    link = owner.link(slug="spring")
    other = owner.link()
    before = rows()
    for reply in (
        owner.post("links", {"url": URL, "slug": "spring"}),
        stranger.post("links", {"url": URL, "slug": "spring"}),
        owner.patch(f"links/{other['id']}", {"slug": "spring"}),
    ):
        assert_problem(reply, 409, "slug_taken")
    assert rows() == before
    assert owner.link(slug="Spring")["id"] != link["id"]
