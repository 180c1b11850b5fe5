"""The sections of the configuration that say how the server runs, counts and keeps."""

from __future__ import annotations

from dataclasses import dataclass, field

from klink.config.kinds import (
    BASE_URL,
    DATABASE_URL,
    DOWNLOAD_URL,
    EVENT_NAMES,
    FLAG,
    HEADER_NAME,
    LISTEN,
    NETWORKS,
    OPTIONAL_FILE,
    SERVICE_KEY,
    Network,
    duration,
    split_listen,
    whole,
    word,
)
from klink.config.setting import about

PRIVATE_NETWORKS = [
    "127.0.0.0/8",
    "::1/128",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",
]


@dataclass(frozen=True, slots=True)
class Server:
    """Where klink listens and what it is called outside."""

    listen: str = field(
        metadata=about("127.0.0.1:8080", LISTEN, "Where klink listens", unit="host:port")
    )
    base_url: str = field(
        metadata=about(
            "http://127.0.0.1:8080",
            BASE_URL,
            "What short URLs begin with; when it is left out, http:// and server.listen",
        )
    )
    trusted_proxies: tuple[Network, ...] = field(
        metadata=about(
            [],
            NETWORKS,
            "Proxies in front of klink whose X-Forwarded-* headers are believed",
            unit="addresses or CIDR networks",
        )
    )
    require_https: bool = field(
        metadata=about(False, FLAG, "Whether only requests that came by HTTPS are served")
    )
    threads: int = field(
        metadata=about(
            4, whole(1, 64), "Workers for everything that is not a plain redirect", unit="threads"
        )
    )

    @property
    def host(self) -> str:
        """The host of ``listen``, an IPv6 address without its brackets."""
        return split_listen(self.listen)[0]

    @property
    def port(self) -> int:
        """The port of ``listen``; 0 lets the system choose a free one."""
        return split_listen(self.listen)[1]


@dataclass(frozen=True, slots=True)
class Database:
    """Where links and counts live."""

    url: str = field(  # may hold a password, so it is in no repr
        repr=False,
        metadata=about(
            "sqlite:///klink.db",
            DATABASE_URL,
            "SQLite file, relative to data_dir, or a PostgreSQL database",
            secret=True,
        ),
    )


@dataclass(frozen=True, slots=True)
class Clicks:
    """The click journal."""

    fsync_every_s: float | None = field(
        metadata=about(
            "1s",
            duration(1, {"always": 0.0, "off": None}),
            'How often clicks are forced to the disk; "always" is before each answer',
            unit='duration, "always" or "off"',
            key="fsync",
        )
    )


@dataclass(frozen=True, slots=True)
class Cache:
    """Links ready to redirect, in memory."""

    max_bytes: int = field(
        metadata=about(
            67_108_864, whole(65_536, 1 << 40), "Memory for links that were visited", unit="bytes"
        )
    )


@dataclass(frozen=True, slots=True)
class Geoip:
    """How a visitor's country is found."""

    database: str = field(
        metadata=about(
            "",
            OPTIONAL_FILE,
            "A .mmdb file with countries, relative to data_dir; empty: geoip.mmdb there, if any",
        )
    )
    country_header: str = field(
        metadata=about(
            "",
            HEADER_NAME,
            'A header with the country such as "CF-IPCountry", believed from trusted proxies only',
        )
    )
    update_every_s: float | None = field(
        metadata=about(
            "off",
            duration(3600, {"off": None}),
            'How often a newer file is asked for; "off" leaves that to `klink geoip update`',
            unit='duration of at least "1h", or "off"',
            key="update_every",
        )
    )
    update_url: str = field(
        metadata=about(
            "https://download.db-ip.com/free/dbip-country-lite-{year}-{month}.mmdb.gz",
            DOWNLOAD_URL,
            "Where it comes from: a .mmdb file, as it is, in gzip or in tar.gz; docs/countries.md "
            "says what its makers ask for in return",
            secret=True,  # a mirror's may hold a token
        )
    )
    account: str = field(
        metadata=about("", SERVICE_KEY, "The account that it comes by, such as MaxMind's number")
    )
    licence_key: str = field(
        repr=False,
        metadata=about(
            "", SERVICE_KEY, "The key of that account; sent to its server alone", secret=True
        ),
    )
    allow_private_addresses: bool = field(
        metadata=about(
            False, FLAG, "Whether it may come from this machine or a private network: a mirror"
        )
    )


@dataclass(frozen=True, slots=True)
class Keys:
    """API keys."""

    max_active_per_user: int = field(
        metadata=about(
            10, whole(1, 10_000), "How many keys a user may have that are not revoked", unit="keys"
        )
    )


@dataclass(frozen=True, slots=True)
class Privacy:
    """How long what visitors did is kept."""

    keep_clicks_days: int = field(
        metadata=about(
            400, whole(1, 36_500), "How long single clicks are kept; totals stay", unit="days"
        )
    )


@dataclass(frozen=True, slots=True)
class Jobs:
    """Work that the server does by itself."""

    enabled: bool = field(metadata=about(True, FLAG, "Whether this server runs scheduled jobs"))
    expire_every_s: float = field(
        metadata=about(
            "1m",
            duration(1),
            "How often expiries that have come are written to the audit log",
            unit="duration",
            key="expire_every",
        )
    )


@dataclass(frozen=True, slots=True)
class Conversions:
    """Which events count, and for what."""

    names: tuple[str, ...] = field(
        metadata=about(
            ["purchase", "register", "signup", "subscribe", "checkout", "download", "lead"],
            EVENT_NAMES,
            "The names of events that count as conversions, from now on, in workspaces that "
            "name none themselves",
        )
    )
    attribution_window_s: float = field(
        metadata=about(
            "30d",
            duration(1),
            "How long a click is remembered that an event of its visitor is attributed to",
            unit="duration",
            key="attribution_window",
        )
    )
    max_public_revenue: int = field(
        metadata=about(
            10_000,
            whole(0, 10**12),
            "The most that one event sent by a browser may bring",
            unit="in the workspace's currency",
        )
    )


@dataclass(frozen=True, slots=True)
class Log:
    """What the server says of itself, on standard error."""

    format: str = field(
        metadata=about(
            "text", word(("text", "json")), "One line each: for people, or JSON for programs"
        )
    )
    level: str = field(
        metadata=about(
            "info",
            word(("debug", "info", "warning", "error")),
            "The least that is worth a line",
        )
    )
    requests: bool = field(
        metadata=about(
            False,
            FLAG,
            "Whether each request of the API, the admin page and pages has a line, with its id; "
            "plain redirects have none",
        )
    )


@dataclass(frozen=True, slots=True)
class Metrics:
    """Who may look at klink's insides."""

    allow: tuple[Network, ...] = field(
        metadata=about(
            PRIVATE_NETWORKS,
            NETWORKS,
            "Who may read /metrics and /ready, by the address that really connects",
            unit="addresses or CIDR networks",
        )
    )
