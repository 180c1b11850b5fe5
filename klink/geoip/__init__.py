"""Keeping the database of countries new: fetched, looked at, and only then put in place."""

from __future__ import annotations

from klink.geoip.errors import UpdateFailed
from klink.geoip.origin import DB_IP, MONTHLY, Origin
from klink.geoip.state import State, read_state
from klink.geoip.updating import Outcome, Updates, state_file, update
from klink.geoip.verifying import Database, look_at

__all__ = [
    "DB_IP",
    "MONTHLY",
    "Database",
    "Origin",
    "Outcome",
    "State",
    "UpdateFailed",
    "Updates",
    "look_at",
    "read_state",
    "state_file",
    "update",
]
