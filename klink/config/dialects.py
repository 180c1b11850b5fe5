"""The APIs that klink speaks, their keys' plans, and what a plan allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from klink.config.kinds import FLAG, LIMIT, PLAN_NAME, duration, whole, word, words_by_host
from klink.config.setting import about

DIALECTS = ("klink", "klinky", "qklnk", "kliqs", "klookup")
"""The APIs that klink speaks: its own, and four that others have published."""


def _default_plan(name: str) -> Mapping[str, object]:
    return about(name, PLAN_NAME, "The plan of keys made without one", unit="name of a plan")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One API and the keys made for it."""

    plan: str = field(metadata=_default_plan("unlimited"))


@dataclass(frozen=True, slots=True)
class Klinky:
    """The dialect klinky (klinky K10)."""

    plan: str = field(metadata=_default_plan("klinky-scale"))
    shown_limit: int = field(
        metadata=about(
            1_000_000,
            whole(1, 10**12),
            "The limit that headers show to keys whose plan has none",
            unit="requests an hour",
        )
    )
    keyless_per_hour: int = field(
        metadata=about(
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
        metadata=about(True, FLAG, "Whether an inpage link needs a post_id")
    )
    anonymous: bool = field(
        metadata=about(
            False,
            FLAG,
            "Whether links can be made without a key: anybody can then point your host anywhere",
        )
    )
    anonymous_links_per_day: int = field(
        metadata=about(
            5,
            whole(1, 10_000),
            "Links that an address may make without a key in 24 h; IPv6: a /64",
            unit="links",
        )
    )
    anonymous_expiry_s: float | None = field(
        metadata=about(
            "off",
            duration(60, {"off": None}),
            "How long a link that was made without a key lives at most",
            unit='duration, or "off"',
            key="anonymous_expiry",
        )
    )


@dataclass(frozen=True, slots=True)
class Dialects:
    """The APIs klink speaks, and which of them answers when the request does not say."""

    default: str = field(
        metadata=about(
            "klink",
            word(DIALECTS),
            f"The API that answers when neither path, key nor host says which: "
            f"{', '.join(DIALECTS)}",
        )
    )
    hosts: Mapping[str, str] = field(
        metadata=about(
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
class Plan:
    """What a key may do; None is unlimited (contract: Rate limits)."""

    requests_per_minute: int | None = field(
        metadata=about("unlimited", LIMIT, "API requests of a key in a minute")
    )
    requests_per_hour: int | None = field(
        metadata=about("unlimited", LIMIT, "API requests of a key in an hour")
    )
    requests_per_month: int | None = field(
        metadata=about("unlimited", LIMIT, "API requests of a workspace in a month")
    )
    max_links: int | None = field(metadata=about("unlimited", LIMIT, "Active links of a workspace"))
    api_access: bool = field(metadata=about(True, FLAG, "Whether the API may be used at all"))


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
