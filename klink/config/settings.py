"""Every setting klink has: its place, default, unit, help and the kind of its value.

A field without a ``kind`` holds a section. Defaults are written as in TOML and read like
any other value, so that there is one way to a value and not two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from klink.config.dialects import Dialects, Plan
from klink.config.guards import Blocking, Captcha, Destinations, Domains, Verification
from klink.config.keeping import Backups
from klink.config.kinds import FOLDER
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
from klink.config.setting import Setting, about


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be set, checked and complete."""

    data_dir: Path = field(  # absolute
        metadata=about(
            "data", FOLDER, "Database, journal, secret, GeoIP; relative to this file's folder"
        )
    )
    server: Server = field(metadata={"section": Server})
    database: Database = field(metadata={"section": Database})
    clicks: Clicks = field(metadata={"section": Clicks})
    cache: Cache = field(metadata={"section": Cache})
    geoip: Geoip = field(metadata={"section": Geoip})
    captcha: Captcha = field(metadata={"section": Captcha})
    verification: Verification = field(metadata={"section": Verification})
    blocking: Blocking = field(metadata={"section": Blocking})
    destinations: Destinations = field(metadata={"section": Destinations})
    conversions: Conversions = field(metadata={"section": Conversions})
    keys: Keys = field(metadata={"section": Keys})
    privacy: Privacy = field(metadata={"section": Privacy})
    jobs: Jobs = field(metadata={"section": Jobs})
    backups: Backups = field(metadata={"section": Backups})
    dialects: Dialects = field(metadata={"section": Dialects})
    domains: Domains = field(metadata={"section": Domains})
    log: Log = field(metadata={"section": Log})
    metrics: Metrics = field(metadata={"section": Metrics})
    plans: Mapping[str, Plan] = field()
    file: Path | None = field(compare=False)
    """The file that was read, if there was one."""

    @property
    def blocklist_files(self) -> tuple[Path, ...]:
        """The files of ``[blocking]``."""
        return tuple(self.data_dir / name for name in self.blocking.files)

    @property
    def backup_folder(self) -> Path:
        """Where backups go."""
        return self.data_dir / (self.backups.folder or "backups")

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
