"""Nothing of the inside is ever connected to, however it is written."""

from __future__ import annotations

import re

import pytest

from klink.fetching import Refused
from klink.fetching.addresses import is_allowed, is_public, parsed
from tests.fetching.sites import PUBLIC, PUBLIC_6, Visit, World, page, redirect

SPELLINGS = [
    # this machine
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/",
    "https://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.255.255.254/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://0X7F.0.0.1/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0177.1/",
    "http://00000177.0.0.1/",
    "http://127.0.0.1./",
    "http://2130706433./",
    "http://%31%32%37.0.0.1/",
    "http://127%2e0%2e0%2e1/",
    "http://127。0。0。1/",
    "http://127．0．0．1/",
    "http://127｡0｡0｡1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://１２７.0.0.1/",
    "http:127.0.0.1/",
    "http:/127.0.0.1/",
    "http:\\\\127.0.0.1/",
    "http://\\127.0.0.1/",
    "HTTP://127.0.0.1/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[0000::0001]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::FFFF:127.0.0.1]:8080/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[::7f00:1]/",
    "http://[::]/",
    "http://0/",
    "http://0.0.0.0/",
    "http://0x0/",
    "http://0.1.2.3/",
    # names of this machine and the network around it
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://ｌｏｃａｌｈｏｓｔ/",
    "http://loc%61lhost/",
    "http://lo\u00adcalhost/",
    "http://anything.localhost/",
    "http://printer.local/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://router.home.arpa/",
    "http://wiki.corp/",
    "http://localhost.localdomain/",
    "http://intranet/",
    # private networks
    "http://10.0.0.1/",
    "http://10.255.255.255/",
    "http://0xa000001/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://192.168.1/",
    "http://3232235777/",
    "http://0300.0250.1.1/",
    "http://100.64.0.1/",
    "http://100.100.100.200/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::ffff:0:10.0.0.1]/",
    # clouds' own services
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    # what leads to another address
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a00:1]/",
    "http://[64:ff9b::8.8.8.8]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:7f00:1::]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[100::1]/",
    # what is nobody's
    "http://192.0.2.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://198.18.0.1/",
    "http://192.88.99.1/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://4294967295/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[ff02::1]/",
    "http://[4000::1]/",
    # an address behind something that looks like one outside
    "http://site.example@127.0.0.1/",
    "http://site.example:80@127.0.0.1/",
    "http://site.example%40127.0.0.1/",
    "http://127.0.0.1\\@site.example/",
    "http://user:secret@site.example/",
    "http://127.0.0.1#@site.example/",
    "http://127.0.0.1?@site.example/",
    # what is no address of a page
    "http://[::1%25lo]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[::1/",
    "http://256.256.256.256/",
    "http://127.0.0.1.5/",
    "http://1.2.3.4.5.6.0x7f/",
    "http:///",
    "http://",
    "",
    " http://site.example/",
    "http://site.example/ ",
    "http://site.example\r\nX-Header: 1/",
    "http://site.example/\x00",
    "http://site.exa\tmple/",
    "http://site..example/",
    "http://-/",
    "http://site.example:65536/",
    "http://" + "a" * 64 + ".example/",
    "http://" + "a." * 130 + "example/",
    "http://site.example/" + "a" * 9000,
    "//site.example/",
    "/etc/passwd",
    # other schemes and ports
    "file:///etc/passwd",
    "ftp://site.example/",
    "gopher://site.example:6379/_FLUSHALL",
    "dict://site.example:11211/stat",
    "data:text/html,hello",
    "javascript:alert(1)",
    "ws://site.example/",
    "unix:/run/docker.sock",
    "http://site.example:22/",
    "http://site.example:25/",
    "http://site.example:0/",
    "http://site.example:1023/",
    "http://site.example:2375/",
    "http://site.example:6379/",
    "http://site.example:5432/",
    "http://site.example:6667/",
    "https://site.example:9200/",
]

INSIDE = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fe80::1%eth0", "::ffff:10.0.0.1"]


@pytest.mark.parametrize("url", SPELLINGS)
def test_it_is_refused_before_anything_is_asked(world: World, url: str):
    with pytest.raises(Refused):
        world.fetcher().get(url)
    assert world.wire.asked == []
    assert world.names.asked == []


# The others mean another thing in a redirect, or are no header.
_IS_ABSOLUTE = re.compile(r"[a-z]+:(?!/?127)\S+", re.IGNORECASE)
REDIRECTS = [url for url in SPELLINGS if _IS_ABSOLUTE.fullmatch(url) and url.isprintable()]


@pytest.mark.parametrize("url", REDIRECTS)
def test_a_redirect_there_is_refused(world: World, url: str):
    world.site(redirect(url.encode()))
    with pytest.raises(Refused):
        world.fetcher().get("http://site.example/")
    assert world.wire.asked == [(PUBLIC, 80)]


@pytest.mark.parametrize("status", [b"301 x", b"302 x", b"303 x", b"307 x", b"308 x"])
def test_every_kind_of_redirect_is_looked_at(world: World, status: bytes):
    world.site(redirect(b"http://169.254.169.254/latest/", status))
    with pytest.raises(Refused, match="private"):
        world.fetcher().get("http://site.example/")
    assert world.wire.asked == [(PUBLIC, 80)]


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_refused(world: World, address: str):
    world.names.known["rebound.example"] = [[address]]
    with pytest.raises(Refused, match="private"):
        world.fetcher().get("http://rebound.example/")
    assert world.wire.asked == []


@pytest.mark.parametrize("address", INSIDE)
@pytest.mark.parametrize("is_first", [True, False])
def test_one_address_inside_refuses_all_of_a_name(world: World, address: str, is_first: bool):
    outside = [PUBLIC, PUBLIC_6]
    both = [address, *outside] if is_first else [*outside, address]
    world.names.known["both.example"] = [both]
    with pytest.raises(Refused, match="private"):
        world.fetcher().get("http://both.example/")
    assert world.wire.asked == []


def test_a_name_is_looked_up_once_and_what_was_looked_at_is_connected_to(world: World):
    world.site(page(b"hello"))
    world.names.known["rebound.example"] = [[PUBLIC], ["127.0.0.1"]]
    world.fetcher().get("http://rebound.example/")
    assert world.names.asked == ["rebound.example"]
    assert world.wire.asked == [(PUBLIC, 80)]


def test_a_name_that_changes_is_looked_at_again_when_a_redirect_names_it(world: World):
    world.site(redirect(b"http://rebound.example/again"))
    world.names.known["rebound.example"] = [[PUBLIC], ["127.0.0.1"]]
    with pytest.raises(Refused, match="private"):
        world.fetcher().get("http://rebound.example/")
    assert world.names.asked == ["rebound.example", "rebound.example"]
    assert world.wire.asked == [(PUBLIC, 80)]


def test_a_redirect_to_a_relative_address_stays_with_the_host(world: World):
    def answer(visit: Visit) -> None:
        visit.send(page(b"there") if b"GET /b?c=1 " in visit.request else redirect(b"../b?c=1#d"))

    site = world.site(answer)
    got = world.fetcher().get("http://site.example:8080/x/a#top")
    assert (got.url, got.text) == ("http://site.example:8080/b?c=1", "there")
    assert all(b"\r\nHost: site.example:8080\r\n" in request for request in site.requests)


def test_private_addresses_are_fetched_when_they_are_allowed(world: World):
    world.site(page(b"hello"))
    world.names.known["localhost"] = [["::1", "127.0.0.1"]]
    fetcher = world.fetcher(allow_private=True)
    assert fetcher.get("http://127.0.0.1:8080/").text == "hello"
    assert fetcher.get("http://localhost:8080/").text == "hello"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/",
        "http://0.0.0.0/",
        "http://[fe80::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://224.0.0.1/",
        "http://127.0.0.1:22/",
        "file:///etc/passwd",
        "http://me@127.0.0.1/",
    ],
)
def test_some_are_not_fetched_even_then(world: World, url: str):
    with pytest.raises(Refused):
        world.fetcher(allow_private=True).get(url)
    assert world.wire.asked == []


@pytest.mark.parametrize(
    "text",
    [PUBLIC, PUBLIC_6, "1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1",
     "100.128.0.1", "11.0.0.1", "192.167.0.1", "223.255.255.255", "2a00:1450:4001::1",
     "2001:4860:4860::8888", "2620:fe::fe"],
)  # fmt: skip
def test_the_internet_is_public(text: str):
    address = parsed(text)
    assert address is not None
    assert is_public(address)
    assert is_allowed(address, allow_private=False)
