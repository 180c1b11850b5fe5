"""Which hosts are the server's own, which a domain's, and which nobody's."""

from __future__ import annotations

import pytest

from klink.core.context import Changed
from klink.redirects.hosts import Hosts, plain_host


class Domains:
    """Verified domains by host; counts the look-ups."""

    def __init__(self, **hosts: int) -> None:
        self.ids = {host.replace("_", "."): number for host, number in hosts.items()}
        self.asked: list[str] = []

    def load(self, host: str) -> int | None:
        self.asked.append(host)
        return self.ids.get(host)


@pytest.mark.parametrize(
    "host,plain",
    [
        ("Go.Example.ORG", "go.example.org"),
        ("go.example.org:8080", "go.example.org"),
        ("go.example.org.", "go.example.org"),
        ("go.example.org.:443", "go.example.org"),
        ("[2001:DB8::1]:80", "2001:db8::1"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("b\xfccher.example", ""),
        ("a b", ""),
        ("user@go.example.org", ""),
        ("go.example.org/evil", ""),
        ("go..example.org", ""),
        ("a, b", ""),
        ("a" * 300, ""),
        ("", ""),
    ],
)
def test_a_host_header_is_read_strictly(host: str, plain: str) -> None:
    assert plain_host(host) == plain


@pytest.mark.parametrize(
    "host",
    [
        "go.example.org",
        "go.example.org:1",
        "localhost",
        "LOCALHOST:80",
        "a.localhost",
        "127.0.0.1:8080",
        "127.255.0.1",
        "[::1]",
        "[::1]:8080",
        "",
    ],
)
def test_own_hosts_are_the_base_domain_and_ask_nobody(host: str) -> None:
    domains = Domains()
    hosts = Hosts("go.example.org:443", domains.load)
    assert hosts.is_own(host)
    assert hosts.domain_of(host) == 1
    assert domains.asked == []


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "[::2]", "10.0.0.1", "0.0.0.0", "bad host"]
)
def test_other_hosts_are_not_own(host: str) -> None:
    assert not Hosts("go.example.org", Domains().load).is_own(host)


def test_domains_and_strangers_are_looked_up_once_until_a_domain_changes() -> None:
    domains = Domains(go_acme_example=5)
    hosts = Hosts("go.example.org", domains.load)
    for _ in range(3):
        assert hosts.domain_of("Go.Acme.example:444") == 5
        assert hosts.domain_of("evil.example") is None
    assert domains.asked == ["go.acme.example", "evil.example"]
    domains.ids["evil.example"] = 6
    hosts.forget(Changed("link", 1, 1, "a"))
    assert hosts.domain_of("evil.example") is None
    hosts.forget(Changed("domain", domain_id=6))
    assert hosts.domain_of("evil.example") == 6


def test_made_up_hosts_do_not_push_out_the_real_ones() -> None:
    domains = Domains(go_acme_example=5)
    hosts = Hosts("go.example.org", domains.load)
    hosts.domain_of("go.acme.example")
    for number in range(10_000):
        hosts.domain_of(f"h{number}.example")
    domains.asked.clear()
    assert hosts.domain_of("go.acme.example") == 5
    assert domains.asked == []


def test_a_domain_that_changes_while_it_is_read_is_not_kept() -> None:
    domains = Domains()
    hosts = Hosts("go.example.org", domains.load)

    def load(host: str) -> int | None:
        found = domains.load(host)
        if len(domains.asked) == 1:
            domains.ids[host] = 5
            hosts.forget(Changed("domain", domain_id=5))
        return found

    hosts = Hosts("go.example.org", load)
    assert hosts.domain_of("go.acme.example") is None
    assert hosts.domain_of("go.acme.example") == 5
