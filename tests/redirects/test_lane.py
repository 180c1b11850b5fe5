"""What the event loop answers by itself, and what it leaves to the workers."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Any

import pytest

from klink.clicks.visits import VisitReader
from klink.core import links
from klink.core.compiled import Agent
from klink.core.errors import DatabaseBusy
from klink.core.times import to_ms
from klink.redirects.cache import Load
from klink.redirects.lane import Lane
from tests.core.visits import FixedLookups
from tests.redirects.site import BROWSER, PROXY, SECRET, Site

PLAIN = {"Host": "go.example.org", "User-Agent": BROWSER, "Accept-Language": "en"}


class Asking:
    """A lane over a site's links."""

    def __init__(self, site: Site, load: Load | None = links.compiled, **lane: Any) -> None:
        self.site = site
        self.lookups = FixedLookups("DE", Agent("mobile", "iOS", "Safari"))
        self.lane = Lane(
            cache=site.cache,
            hosts=site.hosts,
            reader=VisitReader(SECRET, [IPv4Network(PROXY)], "CF-IPCountry"),
            recorder=site.recorder,
            load=load,
            lookups=self.lookups,
            server="klink",
            **lane,
        )
        self.begin()

    def begin(self) -> None:
        """A tick begins."""
        self.lane.begin(to_ms(self.site.now) / 1000)

    def raw(self, data: bytes, peer: str = "203.0.113.7") -> tuple[bytes, bool] | None:
        """What the lane says to these bytes; written down at once."""
        answered = self.lane.answer(data, peer)
        self.lane.write_down()
        return answered

    def get(
        self, path: str, line: str = "GET {} HTTP/1.1", peer: str = "203.0.113.7", **headers: str
    ) -> dict[str, str] | None:
        """The answer's status line (as ``""``) and headers; None when it is not for the lane."""
        sent = PLAIN | {name.replace("_", "-"): value for name, value in headers.items()}
        head = [line.format(path), *(f"{name}: {value}" for name, value in sent.items() if value)]
        answered = self.raw("\r\n".join([*head, "", ""]).encode(), peer)
        if answered is None:
            return None
        assert answered[0].endswith(b"\r\n\r\n")
        first, *fields = answered[0].decode().rstrip().split("\r\n")
        return {"": first, **dict(field.split(": ", 1) for field in fields)}


@pytest.fixture
def asking(site: Site) -> Asking:
    return Asking(site)


def test_a_plain_redirect_is_answered_and_written_down(asking: Asking) -> None:
    link = asking.site.link()
    assert asking.get("/spring") == {
        "": "HTTP/1.1 302 Found",
        "Location": "https://example.com/spring",
        "Content-Length": "0",
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Robots-Tag": "noindex",
        "Server": "klink",
        "Date": "Sat, 14 Mar 2026 12:00:00 GMT",
    }
    (record,) = asking.site.records()
    assert (record.link_id, record.flags, record.net) == (link.id, 3, "203.0.113.0/24")
    assert (record.user_agent, record.language) == (BROWSER, "en")


def test_the_records_of_a_tick_are_written_together(asking: Asking) -> None:
    asking.site.link()
    request = b"GET /spring HTTP/1.1\r\nHost: go.example.org\r\n\r\n"
    for _ in range(3):
        assert asking.lane.answer(request, "203.0.113.7") is not None
    assert asking.site.records() == []
    asking.lane.write_down()
    assert len(asking.site.records()) == 3


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_each_redirect_status_is_said_as_the_front_says_it(asking: Asking, status: int) -> None:
    asking.site.link(redirect_status=status)
    answer = asking.get("/spring")
    assert answer is not None
    assert answer[""] == f"HTTP/1.1 {asking.site.ask('/spring').status}"


def test_a_split_gives_the_variant_and_the_cookie_that_the_front_gives(asking: Asking) -> None:
    asking.site.split()
    for number in range(20):
        answer = asking.get("/spring", peer=f"203.0.113.{number}")
        other = asking.site.ask("/spring", peer=f"203.0.113.{number}", Accept_Language="en")
        assert answer is not None
        assert answer["Location"] == other.headers["Location"]
        assert answer["Set-Cookie"] == other.headers["Set-Cookie"].replace("; Secure", "")


def test_a_tracked_link_carries_the_visitors_id(asking: Asking) -> None:
    asking.site.link(conversion_tracking=True)
    answer = asking.get("/spring")
    assert answer is not None
    assert answer["Location"] == asking.site.ask("/spring").headers["Location"]
    assert "klid=v_" in answer["Location"]


def test_the_query_is_forwarded_and_counted(asking: Asking) -> None:
    asking.site.link(forward_query=True)
    answer = asking.get("/spring?a=1&utm_source=mail")
    assert answer is not None
    assert answer["Location"] == "https://example.com/spring?a=1&utm_source=mail"
    (record,) = asking.site.records()
    assert record.utm is not None
    assert record.utm[0] == "mail"


def test_head_is_answered_and_counts_as_a_program(asking: Asking) -> None:
    asking.site.link()
    assert asking.get("/spring", "HEAD {} HTTP/1.1") is not None
    (record,) = asking.site.records()
    assert record.flags == 7


@pytest.mark.parametrize(
    "line,connection,said,closes",
    [
        ("GET {} HTTP/1.1", "", None, False),
        ("GET {} HTTP/1.1", "keep-alive", None, False),
        ("GET {} HTTP/1.1", "Close", "close", True),
        ("GET {} HTTP/1.0", "", "close", True),
        ("GET {} HTTP/1.0", "close", "close", True),
        ("GET {} HTTP/1.0", "Keep-Alive", "Keep-Alive", False),
    ],
)
def test_a_connection_stays_or_ends_as_it_was_asked(
    asking: Asking, line: str, connection: str, said: str | None, closes: bool
) -> None:
    asking.site.link()
    answer = asking.get("/spring", line, Connection=connection)
    assert answer is not None
    assert answer.get("Connection") == said
    assert answer[""].startswith(line[-8:])
    head = line.format("/spring") + "\r\nHost: go.example.org\r\n"
    if connection:
        head += f"Connection: {connection}\r\n"
    answered = asking.raw(head.encode() + b"\r\n")
    assert answered is not None
    assert answered[1] is closes


NOT_HERE: list[tuple[str, dict[str, Any]]] = [
    ("a password", {"password": "open sesame"}),
    ("a page before it", {"type": "inpage", "post_id": "1"}),
    ("a limit of clicks", {"max_clicks": 5}),
    ("not active", {"is_active": False}),
]


@pytest.mark.parametrize("why,fields", NOT_HERE, ids=[why for why, _ in NOT_HERE])
def test_what_needs_more_than_a_redirect_is_left_to_a_worker(
    asking: Asking, why: str, fields: dict[str, Any]
) -> None:
    asking.site.link(**fields)
    assert asking.get("/spring") is None
    assert asking.site.records() == []


@pytest.mark.parametrize("path", ["/unknown", "/api", "/", "/spring/", "/spring/page", "/spr%69ng"])
def test_what_is_no_plain_short_url_is_left_to_a_worker(asking: Asking, path: str) -> None:
    asking.site.link()
    assert asking.get(path) is None


ODD = [
    b"GET /spring HTTP/1.1\r\n\r\n",
    b"GET /spring HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    b"GET /spring HTTP/1.1\nHost: go.example.org\n\n",
    b"GET /spring HTTP/1.1\r\nHost: go.example.org\r\n",
    b"GET /spring HTTP/1.1\r\nHost: go.example.org\r\n\r\nGET /spring",
    b"GET /spring HTTP/1.1\r\nHost: go.example.org\r\n folded\r\n\r\n",
    b"GET /spring HTTP/1.1\r\nHost : go.example.org\r\n\r\n",
    b"GET /spring HTTP/1.1\r\nHost: go.example.org\r\nA: \0\r\n\r\n",
    b"GET /spring HTTP/1.1\r\nHost: go.example.org\r\nContent-Length: 0\r\n\r\n",
    b"GET /spring HTTP/1.1\r\nHost: go.example.org\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET /spring HTTP/1.1\r\nHost: go.example.org\r\nExpect: 100-continue\r\n\r\n",
    b"GET /spring HTTP/1.1\r\nHost: go.example.org\r\nUpgrade: h2c\r\n\r\n",
    b"GET /spring HTTP/1.1\r\nHost: go.example.org\r\nConnection: close, x\r\n\r\n",
    b"GET  /spring HTTP/1.1\r\nHost: go.example.org\r\n\r\n",
    b"get /spring HTTP/1.1\r\nHost: go.example.org\r\n\r\n",
    b"POST /spring HTTP/1.1\r\nHost: go.example.org\r\n\r\n",
    b"GET /spring HTTP/2.0\r\nHost: go.example.org\r\n\r\n",
    b"GET /spring\r\nHost: go.example.org\r\n\r\n",
    b"GET http://go.example.org/spring HTTP/1.1\r\nHost: go.example.org\r\n\r\n",
    b"GET /spring#a HTTP/1.1\r\nHost: go.example.org\r\n\r\n",
    b"GET /spring?\xc3\xa4 HTTP/1.1\r\nHost: go.example.org\r\n\r\n",
    b"\r\nGET /spring HTTP/1.1\r\nHost: go.example.org\r\n\r\n",
    b"GET /spring HTTP/1.1\r\nHost: go.example.org\r\n" + b"A: b\r\n" * 101 + b"\r\n",
    b"GET /spring HTTP/1.1\r\nHost: go.example.org\r\nA: " + b"b" * 9000 + b"\r\n\r\n",
    b"",
    b"\r\n\r\n",
]


@pytest.mark.parametrize("data", ODD)
def test_a_request_that_is_not_plain_is_left_to_waitress(asking: Asking, data: bytes) -> None:
    asking.site.link()
    assert asking.raw(data) is None
    assert asking.get("/spring") is not None  # nothing of it stays behind


def test_a_name_with_an_underscore_is_not_believed(asking: Asking) -> None:
    asking.site.link()
    head = b"GET /spring HTTP/1.1\r\nHost: go.example.org\r\nX_Forwarded_For: 192.0.2.1\r\n"
    assert asking.raw(head + b"DNT: 1\r\n\r\n", PROXY) is not None
    (record,) = asking.site.records()
    assert record.net == "10.0.0.0/24"


def test_a_trusted_proxy_is_believed_and_nobody_else(asking: Asking) -> None:
    asking.site.link()
    for peer in (PROXY, "203.0.113.7"):
        asking.get("/spring", peer=peer, X_Forwarded_For="192.0.2.1", CF_IPCountry="FR")
    trusted, other = asking.site.records()
    assert (trusted.net, trusted.country) == ("192.0.2.0/24", "FR")
    assert (other.net, other.country) == ("203.0.113.0/24", "")


def test_when_https_is_required_http_is_left_to_the_front(site: Site) -> None:
    asking = Asking(site, require_https=True)
    site.link()
    assert asking.get("/spring") is None
    assert asking.get("/spring", peer=PROXY, X_Forwarded_Proto="https") is not None


def test_another_domain_is_answered_once_it_is_known(asking: Asking) -> None:
    domain_id = asking.site.domain("links.example.net")
    asking.site.link(domain="links.example.net", slug="own")
    assert asking.get("/own", Host="links.example.net") is None
    assert asking.site.hosts.domain_of("links.example.net") == domain_id
    assert asking.get("/own", Host="LINKS.example.net:80") is not None
    assert asking.get("/own") is None
    assert asking.get("/own", Host="unknown.example.net") is None


def test_a_change_is_seen_by_the_next_request(asking: Asking) -> None:
    link = asking.site.link()
    assert asking.get("/spring") is not None
    asking.site.change(link, url="https://example.com/new")
    answer = asking.get("/spring")
    assert answer is not None
    assert answer["Location"] == "https://example.com/new"


def test_an_expiry_is_kept_to_the_millisecond(asking: Asking) -> None:
    asking.site.link(expires_at=asking.site.now.replace(minute=1))
    assert asking.get("/spring") is not None
    asking.site.later(minutes=1)
    asking.begin()
    assert asking.get("/spring") is None


def test_a_visitor_has_another_id_the_next_day(asking: Asking) -> None:
    asking.site.link()
    for _ in range(2):
        asking.get("/spring")
        asking.get("/spring")
        asking.site.later(days=1)
        asking.begin()
    first, again, second, _ = (record.visitor for record in asking.site.records())
    assert first == again != second


def test_a_tick_reads_no_more_links_than_it_may(site: Site) -> None:
    reads: list[str] = []

    def load(domain_id: int, slug: str) -> Any:
        reads.append(slug)
        return links.compiled(domain_id, slug)

    asking = Asking(site, load)
    site.link()
    for number in range(100):
        assert asking.get(f"/unknown{number}") is None
    assert len(reads) == 64
    assert asking.get("/spring") is None
    asking.begin()
    assert asking.get("/spring") is not None


def busy(domain_id: int, slug: str) -> None:
    raise DatabaseBusy


@pytest.mark.parametrize("load", [None, busy])
def test_a_link_that_cannot_be_read_at_once_is_left_to_a_worker(
    site: Site, load: Load | None
) -> None:
    asking = Asking(site, load)
    site.link()
    assert asking.get("/spring") is None
    site.ask("/spring")
    assert asking.get("/spring") is not None


def phones_only(site: Site) -> None:
    site.link(
        variants=(
            links.NewVariant("a", "https://example.com/a", 50),
            links.NewVariant("b", "https://example.com/b", 50),
        ),
        mode="rules",
        rules=(links.NewRule({"device": "mobile", "country": "DE"}, "b"),),
        default="a",
    )


def test_rules_are_answered_here_too(asking: Asking) -> None:
    phones_only(asking.site)
    answer = asking.get("/spring")
    assert answer is not None
    assert answer["Location"] == "https://example.com/b"


def test_one_new_agent_a_tick_is_looked_up_and_the_others_by_workers(asking: Asking) -> None:
    phones_only(asking.site)
    asked: Callable[[int], Any] = lambda n: asking.get("/spring", User_Agent=f"{BROWSER} X/{n}")  # noqa: E731
    assert asked(1) is not None
    assert asked(1) is not None
    assert asked(2) is None
    asking.begin()
    assert asked(2) is not None
    assert asking.lookups.asked.count("agent") == 2


def test_of_a_long_agent_only_what_counts_is_kept(asking: Asking) -> None:
    phones_only(asking.site)
    for number in range(3):
        assert asking.get("/spring", User_Agent="x" * 512 + str(number)) is not None
    assert asking.lookups.asked.count("agent") == 1


def test_what_is_answered_here_is_counted_by_status(asking: Asking) -> None:
    asking.site.link(slug="spring")
    asking.site.link(slug="autumn", redirect_status=308)
    for path in ("/spring", "/spring?a=b", "/autumn", "/unknown", "/health"):
        asking.get(path)
    counted = {status: many for status, many in asking.lane.by_status.items() if many}
    assert counted == {302: 2, 308: 1}
