"""Every setting klink has: its place, default, unit, help and the kind of its value.

A field without a ``kind`` holds a section. Defaults are written as in TOML and read like
any other value, so that there is one way to a value and not two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from klink.config.kinds import (
    BASE_URL,
    DATABASE_URL,
    EVENT_NAMES,
    FLAG,
    FOLDER,
    HEADER_NAME,
    LIMIT,
    LISTEN,
    NETWORKS,
    OPTIONAL_FILE,
    PLAN_NAME,
    Kind,
    Network,
    duration,
    split_listen,
    whole,
    word,
    words_by_host,
)

DIALECTS = ("klink", "klinky", "qklnk", "kliqs", "klookup")
"""The APIs that klink speaks: its own, and four that others have published."""

PRIVATE_NETWORKS = [
    "127.0.0.0/8",
    "::1/128",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",
]


class Setting(NamedTuple):
    """What is known about one setting before anybody gives it a value.

    ``default`` is what TOML would hold. ``is_secret`` keeps the value out of errors.
    """

    name: str
    default: object
    kind: Kind
    help: str
    unit: str = ""
    is_secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that gives it."""
        return "KLINK_" + self.name.replace(".", "__").replace("-", "_").upper()


def _about(  # the metadata of one field
    default: object, kind: Kind, help: str, *, unit: str = "", key: str = "", secret: bool = False
) -> Mapping[str, object]:
    return {
        "default": default,
        "kind": kind,
        "help": help,
        "unit": unit,
        "key": key,
        "secret": secret,
    }


@dataclass(frozen=True, slots=True)
class Server:
    """Where klink listens and what it is called outside."""

    listen: str = field(
        metadata=_about("127.0.0.1:8080", LISTEN, "Where klink listens", unit="host:port")
    )
    base_url: str = field(
        metadata=_about(
            "http://127.0.0.1:8080",
            BASE_URL,
            "What short URLs begin with; when it is left out, http:// and server.listen",
        )
    )
    trusted_proxies: tuple[Network, ...] = field(
        metadata=_about(
            [],
            NETWORKS,
            "Proxies in front of klink whose X-Forwarded-* headers are believed",
            unit="addresses or CIDR networks",
        )
    )
    require_https: bool = field(
        metadata=_about(False, FLAG, "Whether only requests that came by HTTPS are served")
    )
    threads: int = field(
        metadata=_about(
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
        metadata=_about(
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
        metadata=_about(
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
        metadata=_about(
            67_108_864, whole(65_536, 1 << 40), "Memory for links that were visited", unit="bytes"
        )
    )


@dataclass(frozen=True, slots=True)
class Geoip:
    """How a visitor's country is found."""

    database: str = field(
        metadata=_about(
            "",
            OPTIONAL_FILE,
            "A .mmdb file with countries, relative to data_dir; empty: geoip.mmdb there, if any",
        )
    )
    country_header: str = field(
        metadata=_about(
            "",
            HEADER_NAME,
            'A header with the country such as "CF-IPCountry", believed from trusted proxies only',
        )
    )


@dataclass(frozen=True, slots=True)
class Keys:
    """API keys."""

    max_active_per_user: int = field(
        metadata=_about(
            10, whole(1, 10_000), "How many keys a user may have that are not revoked", unit="keys"
        )
    )


@dataclass(frozen=True, slots=True)
class Privacy:
    """How long what visitors did is kept."""

    keep_clicks_days: int = field(
        metadata=_about(
            400, whole(1, 36_500), "How long single clicks are kept; totals stay", unit="days"
        )
    )


@dataclass(frozen=True, slots=True)
class Jobs:
    """Work that the server does by itself."""

    enabled: bool = field(metadata=_about(True, FLAG, "Whether this server runs scheduled jobs"))
    expire_every_s: float = field(
        metadata=_about(
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
        metadata=_about(
            ["purchase", "register", "signup", "subscribe", "checkout", "download", "lead"],
            EVENT_NAMES,
            "The names of events that count as conversions, from now on, in workspaces that "
            "name none themselves",
        )
    )
    attribution_window_s: float = field(
        metadata=_about(
            "30d",
            duration(1),
            "How long a click is remembered that an event of its visitor is attributed to",
            unit="duration",
            key="attribution_window",
        )
    )
    max_public_revenue: int = field(
        metadata=_about(
            10_000,
            whole(0, 10**12),
            "The most that one event sent by a browser may bring",
            unit="in the workspace's currency",
        )
    )


def _default_plan(name: str) -> Mapping[str, object]:
    return _about(name, PLAN_NAME, "The plan of keys made without one", unit="name of a plan")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One API and the keys made for it."""

    plan: str = field(metadata=_default_plan("unlimited"))


@dataclass(frozen=True, slots=True)
class Klinky:
    """The dialect klinky (klinky K10)."""

    plan: str = field(metadata=_default_plan("klinky-scale"))
    shown_limit: int = field(
        metadata=_about(
            1_000_000,
            whole(1, 10**12),
            "The limit that headers show to keys whose plan has none",
            unit="requests an hour",
        )
    )
    keyless_per_hour: int = field(
        metadata=_about(
            60,
            whole(1, 10**9),
            "Requests of an address without a valid key; IPv6: of a /64",
            unit="requests an hour",
        )
    )


@dataclass(frozen=True, slots=True)
class Qklnk:
    """The dialect qklnk (qklnk Q14)."""

    plan: str = field(metadata=_default_plan("qklnk"))


@dataclass(frozen=True, slots=True)
class Klookup:
    """The dialect klookup (klookup U1, U12)."""

    plan: str = field(metadata=_default_plan("unlimited"))
    require_post_id: bool = field(
        metadata=_about(True, FLAG, "Whether an inpage link needs a post_id")
    )
    anonymous: bool = field(
        metadata=_about(
            False,
            FLAG,
            "Whether links can be made without a key: anybody can then point your host anywhere",
        )
    )
    anonymous_links_per_day: int = field(
        metadata=_about(
            5,
            whole(1, 10_000),
            "Links that an address may make without a key in 24 h; IPv6: a /64",
            unit="links",
        )
    )


@dataclass(frozen=True, slots=True)
class Dialects:
    """The APIs klink speaks, and which of them answers when the request does not say."""

    default: str = field(
        metadata=_about(
            "klink",
            word(DIALECTS),
            f"The API that answers when neither path, key nor host says which: "
            f"{', '.join(DIALECTS)}",
        )
    )
    hosts: Mapping[str, str] = field(
        metadata=_about(
            {},
            words_by_host(DIALECTS),
            'The API of a host, such as { "go.example.org" = "klookup" }; in the environment also '
            "go.example.org=klookup, with commas between several",
        )
    )
    klink: Dialect = field(metadata={"section": Dialect})
    klinky: Klinky = field(metadata={"section": Klinky})
    qklnk: Qklnk = field(metadata={"section": Qklnk})
    kliqs: Dialect = field(metadata={"section": Dialect})
    klookup: Klookup = field(metadata={"section": Klookup})

    @property
    def plans(self) -> dict[str, str]:
        """The plan of keys made without one, by dialect."""
        return {
            "klink": self.klink.plan,
            "klinky": self.klinky.plan,
            "qklnk": self.qklnk.plan,
            "kliqs": self.kliqs.plan,
            "klookup": self.klookup.plan,
        }


@dataclass(frozen=True, slots=True)
class Metrics:
    """Who may look at klink's insides."""

    allow: tuple[Network, ...] = field(
        metadata=_about(
            PRIVATE_NETWORKS,
            NETWORKS,
            "Who may read /ready, by the address that really connects",
            unit="addresses or CIDR networks",
        )
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a key may do; None is unlimited (contract: Rate limits)."""

    requests_per_minute: int | None = field(
        metadata=_about("unlimited", LIMIT, "API requests of a key in a minute")
    )
    requests_per_hour: int | None = field(
        metadata=_about("unlimited", LIMIT, "API requests of a key in an hour")
    )
    requests_per_month: int | None = field(
        metadata=_about("unlimited", LIMIT, "API requests of a workspace in a month")
    )
    max_links: int | None = field(
        metadata=_about("unlimited", LIMIT, "Active links of a workspace")
    )
    api_access: bool = field(metadata=_about(True, FLAG, "Whether the API may be used at all"))


PLAN_PRESETS: Mapping[str, Mapping[str, object]] = {
    "unlimited": {},
    "klinky-free": {"api_access": False},
    "klinky-starter": {"api_access": False},
    "klinky-growth": {"requests_per_hour": 100},
    "klinky-scale": {"requests_per_hour": 1_000},
    "qklnk": {"requests_per_minute": 60},
    "kliqs-free": {"requests_per_month": 30, "max_links": 5},
    "kliqs-starter": {"requests_per_month": 1_000, "max_links": 50},
    "kliqs-pro": {"requests_per_month": 10_000, "max_links": 200},
    "kliqs-business": {"requests_per_month": 30_000, "max_links": 500},
}
"""The plans of the products whose dialects klink speaks (contract: Rate limits)."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be set, checked and complete."""

    data_dir: Path = field(  # absolute
        metadata=_about(
            "data", FOLDER, "Database, journal, secret, GeoIP; relative to this file's folder"
        )
    )
    server: Server = field(metadata={"section": Server})
    database: Database = field(metadata={"section": Database})
    clicks: Clicks = field(metadata={"section": Clicks})
    cache: Cache = field(metadata={"section": Cache})
    geoip: Geoip = field(metadata={"section": Geoip})
    conversions: Conversions = field(metadata={"section": Conversions})
    keys: Keys = field(metadata={"section": Keys})
    privacy: Privacy = field(metadata={"section": Privacy})
    jobs: Jobs = field(metadata={"section": Jobs})
    dialects: Dialects = field(metadata={"section": Dialects})
    metrics: Metrics = field(metadata={"section": Metrics})
    plans: Mapping[str, Plan] = field()
    file: Path | None = field(compare=False)
    """The file that was read, if there was one."""

    @property
    def geoip_file(self) -> Path:
        """The GeoIP database: the one that is set, which must exist, else one that may."""
        return self.data_dir / (self.geoip.database or "geoip.mmdb")


def key_of(each: Field[Any]) -> str:  # Any: a section's fields differ in type
    """The name of a field in TOML."""
    return each.metadata.get("key") or each.name


def settings_of(section: type[Any], prefix: str = "") -> Iterator[Setting]:
    """The settings of one dataclass and of the sections in it, in order of their fields."""
    for each in fields(section):
        name = prefix + key_of(each)
        about = each.metadata
        if "section" in about:
            yield from settings_of(about["section"], f"{name}.")
        elif "kind" in about:
            yield Setting(
                name, about["default"], about["kind"], about["help"], about["unit"], about["secret"]
            )


def all_settings(plans: Iterator[str] | tuple[str, ...] = ()) -> dict[str, Setting]:
    """Every setting by its dotted name; those of ``plans`` as ``plans.NAME.key``."""
    found = {each.name: each for each in settings_of(Config)}
    for plan in plans:
        found.update((each.name, each) for each in settings_of(Plan, f"plans.{plan}."))
    return found
