"""The configuration: the only reader of TOML and of the environment.

:func:`load` gives one frozen :class:`Config`; ``cli`` and ``app`` read it, and nothing
below them does. ``python -m klink.config`` prints ``config.example.toml``.
"""

from __future__ import annotations

from klink.config.dialects import DIALECTS, Dialect, Dialects, Klinky, Klookup, Plan, Qklnk
from klink.config.errors import ConfigError
from klink.config.example import example_toml
from klink.config.guards import Blocking, Captcha, Destinations, Domains, Verification
from klink.config.kinds import Network, join_listen
from klink.config.loading import load
from klink.config.sections import (
    Cache,
    Clicks,
    Conversions,
    Database,
    Geoip,
    Jobs,
    Keys,
    Log,
    Metrics,
    Privacy,
    Server,
)
from klink.config.setting import Setting
from klink.config.settings import Config, all_settings

__all__ = [
    "DIALECTS",
    "Blocking",
    "Cache",
    "Captcha",
    "Clicks",
    "Config",
    "ConfigError",
    "Conversions",
    "Database",
    "Destinations",
    "Dialect",
    "Dialects",
    "Domains",
    "Geoip",
    "Jobs",
    "Keys",
    "Klinky",
    "Klookup",
    "Log",
    "Metrics",
    "Network",
    "Plan",
    "Privacy",
    "Qklnk",
    "Server",
    "Setting",
    "Verification",
    "all_settings",
    "example_toml",
    "join_listen",
    "load",
]
