"""The configuration: the only reader of TOML and of the environment.

:func:`load` gives one frozen :class:`Config`; ``cli`` and ``app`` read it, and nothing
below them does. ``python -m klink.config`` prints ``config.example.toml``.
"""

from __future__ import annotations

from klink.config.errors import ConfigError
from klink.config.example import example_toml
from klink.config.kinds import Network, join_listen
from klink.config.loading import load
from klink.config.settings import (
    Cache,
    Clicks,
    Config,
    Database,
    Dialect,
    Dialects,
    Geoip,
    Jobs,
    Keys,
    Metrics,
    Plan,
    Privacy,
    Server,
    Setting,
    all_settings,
)

__all__ = [
    "Cache",
    "Clicks",
    "Config",
    "ConfigError",
    "Database",
    "Dialect",
    "Dialects",
    "Geoip",
    "Jobs",
    "Keys",
    "Metrics",
    "Network",
    "Plan",
    "Privacy",
    "Server",
    "Setting",
    "all_settings",
    "example_toml",
    "join_listen",
    "load",
]
