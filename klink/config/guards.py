"""The sections of the configuration that say what links are guarded by."""

from __future__ import annotations

from dataclasses import dataclass, field

from klink.config.kinds import (
    BRANDS,
    FILES,
    FLAG,
    HOSTS,
    HTTP_URL,
    NAMESERVERS,
    PATTERNS,
    SERVICE_KEY,
    duration,
    word,
)
from klink.config.setting import about

CAPTCHAS = ("altcha", "turnstile", "none")


"""What a preview page may ask of its visitors."""


@dataclass(frozen=True, slots=True)
class Captcha:
    """What forms ask of strangers before they do anything (klookup U10)."""

    provider: str = field(
        metadata=about(
            "altcha",
            word(CAPTCHAS),
            "Who asks: klink itself by a proof of work, Cloudflare's Turnstile, or nobody",
        )
    )
    turnstile_site_key: str = field(
        metadata=about("", SERVICE_KEY, "The public key of your Turnstile widget")
    )
    turnstile_secret: str = field(
        repr=False,
        metadata=about("", SERVICE_KEY, "Its secret key; stays on this server", secret=True),
    )
    turnstile_verify_url: str = field(
        metadata=about(
            "https://challenges.cloudflare.com/turnstile/v0/siteverify",
            HTTP_URL,
            "Who says whether a visitor has passed Turnstile",
        )
    )


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether links still stand on their pages (site_url)."""

    interval_s: float = field(
        metadata=about(
            "6h",
            duration(1),
            "How often a link's page is looked at",
            unit="duration",
            key="interval",
        )
    )
    grace_s: float = field(
        metadata=about(
            "24h",
            duration(1),
            "How long a link that is missing on its page has until it is deleted",
            unit="duration",
            key="grace",
        )
    )
    allow_private_addresses: bool = field(
        metadata=about(
            False,
            FLAG,
            "Whether pages on this machine and in private networks are fetched too; true only "
            "for tests on one machine",
        )
    )


@dataclass(frozen=True, slots=True)
class Domains:
    """How workspaces prove that a host is theirs."""

    nameservers: tuple[tuple[str, int], ...] = field(
        metadata=about(
            [],
            NAMESERVERS,
            "DNS servers that are asked for the proofs; empty: those of the system",
            unit="addresses, with a port if need be",
        )
    )


@dataclass(frozen=True, slots=True)
class Blocking:
    """What no link of this server may lead to; docs/abuse.md says more."""

    hosts: tuple[str, ...] = field(
        metadata=about([], HOSTS, "Hosts that are blocked with their subdomains")
    )
    patterns: tuple[str, ...] = field(
        metadata=about(
            [],
            PATTERNS,
            "Blocked host/path?query, with * for any text and ? for any one character",
        )
    )
    files: tuple[str, ...] = field(
        metadata=about(
            [],
            FILES,
            "Blocklists, relative to data_dir: hosts files, plain hosts, URLs, URLhaus' CSV, ad "
            "blockers' rules, dnsmasq, RPZ; read anew when they change",
        )
    )
    brands: tuple[str, ...] = field(
        metadata=about(
            [],
            BRANDS,
            "Hosts, or single words, that a destination must not look like without being them",
        )
    )


@dataclass(frozen=True, slots=True)
class Destinations:
    """Whether what links lead to is still there."""

    check_every_s: float | None = field(
        metadata=about(
            "off",
            duration(1, {"off": None}),
            'How often the destination of a link is checked; "off" checks none but those of links '
            "with a failover_url",
            unit='duration or "off"',
            key="check_every",
        )
    )
    failover_check_every_s: float = field(
        metadata=about(
            "15m",
            duration(1),
            "How often the destination of a link with a failover_url is checked",
            unit="duration",
            key="failover_check_every",
        )
    )
