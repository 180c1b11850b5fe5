"""The database of countries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from klink.doctor.finding import Finding
from klink.doctor.scene import Scene
from klink.geoip import look_at, read_state, state_file

__all__ = ["countries"]

_OLD = timedelta(days=60)


def countries(scene: Scene) -> Iterable[Finding]:
    """There where it should be, readable, new enough, and kept so."""
    config = scene.config
    file = config.geoip_file
    if not file.is_file():
        if config.geoip.database or config.geoip.update_every_s is not None:
            yield Finding("geoip-missing", f"there is no file {file}")
    else:
        found = look_at(file)
        if found is None:
            yield Finding("geoip-unreadable", f"{file} is no database that can be read")
        elif scene.now - found.built_at > _OLD:
            days = (scene.now - found.built_at).days
            yield Finding("geoip-old", f"{file} is of {found.built_at:%Y-%m-%d}, {days} days old")
    state = read_state(state_file(config.data_dir))
    if config.geoip.update_every_s is not None and state.failures:
        yield Finding("geoip-update-failing", f"{state.failures} times in a row: {state.error}")
