"""``klink config``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from pathlib import Path
from typing import Any

import click

from klink.cli.opening import configured
from klink.cli.output import json_option, print_json
from klink.cli.refused import Refused
from klink.config import Config
from klink.core import secrets
from klink.core.errors import KlinkError

_MASK = "***"


@click.group("config")
def command() -> None:
    """Look at the configuration."""


@command.command("check")
@json_option
def check(as_json: bool) -> None:
    """Say "ok", or what is wrong with the configuration; with --json, show what holds.

    Starts nothing and asks no database.
    """
    config = configured()
    problems = list(_problems(config))
    if problems:
        raise Refused("; ".join(problems))
    if as_json:
        print_json({"file": str(config.file) if config.file else None, **effective(config)})
    else:
        click.echo("ok")


def _problems(config: Config) -> Iterator[str]:
    """What the configuration alone does not show: files and folders."""
    folder = config.data_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield f"data_dir: {folder} cannot be written; choose another folder or change its owner"
    elif os.environ.get("KLINK_SECRET") or (config.data_dir / "secret").exists():
        try:
            secrets.load(config.data_dir, os.environ)
        except KlinkError as error:
            yield str(error)
    for file in config.blocklist_files:
        if not file.is_file():
            yield f"blocking.files: there is no file {file}"
    if config.geoip.database and not config.geoip_file.is_file():
        yield f"geoip.database: there is no file {config.geoip_file}"


def effective(config: Config) -> dict[str, object]:
    """Every setting as it holds, by the names in the file; secrets are masked."""
    return {
        **_section(config),
        "plans": {name: _section(plan) for name, plan in config.plans.items()},
    }


def _section(section: Any) -> dict[str, object]:  # Any: each section is a class of its own
    shown: dict[str, object] = {}
    for each in fields(section):
        value = getattr(section, each.name)
        if is_dataclass(value):
            shown[each.name] = _section(value)
        elif "kind" in each.metadata:
            shown[each.metadata["key"] or each.name] = _shown(each, value)
    return shown


def _shown(each: Field[Any], value: object) -> object:
    """A value as the file could hold it."""
    if each.metadata["secret"]:
        return _masked(str(value))
    if isinstance(value, tuple):
        return [str(item) for item in value]
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    if value is None:
        return "off" if each.name.endswith("_s") else "unlimited"  # a duration, or a limit
    if isinstance(value, float):
        return f"{value:.0f}s" if value else "always"
    return value


def _masked(secret: str) -> str:
    """That there is a secret; a database's URL tells its kind, and all when it has no password."""
    if not secret or secret.startswith("sqlite:"):
        return secret
    kind, is_url, _ = secret.partition("://")
    return f"{kind}://{_MASK}" if is_url else _MASK
