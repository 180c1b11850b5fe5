"""From a file, the environment and the command line to one :class:`Config`.

Later ones win: default, file, environment, command line. Everything is checked before
anything starts.
"""

from __future__ import annotations

import difflib
import os.path
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from klink.config.dialects import DIALECTS, PLAN_PRESETS, Plan
from klink.config.errors import ConfigError, shown
from klink.config.kinds import PLAN_NAME, join_listen, split_listen
from klink.config.setting import Setting
from klink.config.settings import Config, all_settings, key_of, settings_of

_SEPARATOR = re.compile(r"\.|__")  # of a dotted name and of a variable


class _Given(NamedTuple):
    """A value somebody gave, not yet read, and where it came from."""

    value: object
    source: str


def load(
    config_file: Path | None,
    env: Mapping[str, str],
    cwd: Path,
    overrides: Mapping[str, object] | None = None,
) -> Config:
    """Read the configuration.

    The file is ``config_file``, else ``$KLINK_CONFIG``, else ``config.toml`` in ``cwd`` if
    there is one (contract: Configuration).

    :param env: the whole environment; only ``KLINK_…`` is looked at.
    :param cwd: absolute; what relative paths are relative to when there is no file.
    :param overrides: dotted names with values as in TOML, from the command line.
    :raises ConfigError: for anything that is wrong, the first of it.
    """
    file = _find_file(config_file, env, cwd)
    plans = {name: dict(preset) for name, preset in PLAN_PRESETS.items()}
    given: dict[str, _Given] = {}
    if file:
        table = _read_file(file)
        _take_plans(table.pop("plans", {}), plans, given, f"in {file}")
        _take_table(table, "", all_settings(), given, f"in {file}")
    known = all_settings(tuple(plans))
    given.update(_from_environment(env, known))
    for name, value in (overrides or {}).items():
        if name not in known:
            raise ConfigError(f"unknown setting {name}{_nearest(name, known)}", setting=name)
        given[name] = _Given(value, "from the command line")
    return _assemble(given, known, plans, file, cwd)


def _assemble(
    given: Mapping[str, _Given],
    known: Mapping[str, Setting],
    plans: Mapping[str, Mapping[str, object]],
    file: Path | None,
    cwd: Path,
) -> Config:
    values = {
        name: _read(setting, given.get(name, _Given(setting.default, "by default")))
        for name, setting in known.items()
        if not name.startswith("plans.")
    }
    if "server.base_url" not in given:
        values["server.base_url"] = _base_url_of(values["server.listen"])
    folder = file.parent if file else cwd
    values["data_dir"] = Path(os.path.normpath(folder / values["data_dir"]))
    values["plans"] = MappingProxyType(
        {name: _plan(name, preset, given, known) for name, preset in plans.items()}
    )
    values["file"] = file
    for dialect in DIALECTS:
        _check_plan(f"dialects.{dialect}.plan", values, given, plans)
    _check_captcha(values)
    _check_geoip(values)
    config: Config = _build(Config, "", values)
    return config


def _check_captcha(values: Mapping[str, Any]) -> None:
    """Refuse Turnstile without its keys: every visitor would be refused later."""
    if values["captcha.provider"] != "turnstile":
        return
    for setting in ("captcha.turnstile_site_key", "captcha.turnstile_secret"):
        if not values[setting]:
            raise ConfigError(
                f"captcha.provider = 'turnstile' needs {setting}: Cloudflare's dashboard shows "
                "it; or set captcha.provider to 'altcha', which needs no key",
                setting=setting,
            )


def _check_geoip(values: Mapping[str, Any]) -> None:
    """Refuse half an account, and a key that would go over the network in the clear."""
    account, key = values["geoip.account"], values["geoip.licence_key"]
    if bool(account) != bool(key):
        missing = "geoip.licence_key" if account else "geoip.account"
        raise ConfigError(
            f"geoip.account and geoip.licence_key go together: set {missing}, or neither",
            setting=missing,
        )
    if key and not values["geoip.update_url"].startswith("https://"):
        raise ConfigError(
            "geoip.update_url must begin with https:// when there is a geoip.licence_key: anybody "
            "on the way could read it",
            setting="geoip.update_url",
        )


def _check_plan(
    setting: str,
    values: Mapping[str, Any],
    given: Mapping[str, _Given],
    plans: Mapping[str, Mapping[str, object]],
) -> None:
    """Refuse a name that no plan has; those that stand there by default are presets."""
    plan = values[setting]
    if plan not in plans:
        source = given[setting].source
        raise ConfigError(
            f"{setting} = {shown(plan)} {source} is no plan{_nearest(plan, plans)}",
            setting=setting,
        )


def _build(section: type[Any], prefix: str, values: Mapping[str, Any]) -> Any:
    """One dataclass from ``values`` by dotted name. Any: a section's fields differ in type."""
    return section(
        **{
            each.name: (
                _build(each.metadata["section"], f"{prefix}{each.name}.", values)
                if "section" in each.metadata
                else values[prefix + key_of(each)]
            )
            for each in fields(section)
        }
    )


def _plan(
    name: str,
    preset: Mapping[str, object],
    given: Mapping[str, _Given],
    known: Mapping[str, Setting],
) -> Plan:
    values = {}
    for each in settings_of(Plan):
        setting = known[f"plans.{name}.{each.name}"]
        default = _Given(preset.get(each.name, each.default), "by default")
        values[each.name] = _read(setting, given.get(setting.name, default))
    plan: Plan = _build(Plan, "", values)
    return plan


def _read(setting: Setting, given: _Given) -> Any:  # Any: each kind has its own type
    try:
        return setting.kind.read(given.value)
    except ValueError as error:
        raise _refusal(setting, given, str(error)) from None


def _refusal(setting: Setting, given: _Given, reason: str) -> ConfigError:
    # A secret's own parser may repeat a part of it in its reason.
    because = f" ({reason})" if reason and not setting.is_secret else ""
    return ConfigError(
        f"{setting.name} = {shown(given.value, secret=setting.is_secret)} {given.source}: "
        f"allowed is {setting.kind.allowed}{because}",
        setting=setting.name,
    )


def _base_url_of(listen: str) -> str:
    """What a browser on this machine would type; every address is also the loopback one."""
    host, port = split_listen(listen)
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (nothing is bound here)
    address = join_listen(loopback.get(host, host), port)
    return "http://" + address.removesuffix(":80")


def _find_file(config_file: Path | None, env: Mapping[str, str], cwd: Path) -> Path | None:
    named = config_file or (Path(env["KLINK_CONFIG"]) if env.get("KLINK_CONFIG") else None)
    if named:
        return Path(os.path.normpath(cwd / named))
    usual = cwd / "config.toml"
    return usual if usual.exists() else None


def _read_file(file: Path) -> dict[str, Any]:  # Any: what TOML holds is anything
    try:
        # Editors on Windows write a byte order mark, which TOML does not know.
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"the configuration {file} is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the configuration {file} is no valid TOML: {error}") from None


def _take_table(
    table: Mapping[str, object],
    prefix: str,
    known: Mapping[str, Setting],
    given: dict[str, _Given],
    source: str,
) -> None:
    """Put every value of a TOML table, and of the tables in it, into ``given``."""
    for key, value in table.items():
        name = prefix + key
        is_section = any(each.startswith(f"{name}.") for each in known)
        if name in known:
            given[name] = _Given(value, source)
        elif is_section and isinstance(value, Mapping):
            _take_table(value, f"{name}.", known, given, source)
        elif is_section:
            raise ConfigError(
                f"{name} {source} is a section: write [{name}] and its settings", setting=name
            )
        else:
            raise ConfigError(
                f"unknown setting {_plain(name)} {source}{_nearest(name, known)}", setting=name
            )


def _take_plans(
    tables: object, plans: dict[str, dict[str, object]], given: dict[str, _Given], source: str
) -> None:
    """Take ``[plans.NAME]``, each in place of the preset of that name.

    What such a table does not name is unlimited (contract: Rate limits), so nothing of the
    preset shines through.
    """
    if not isinstance(tables, Mapping):
        raise ConfigError(f"plans {source} is a section: write [plans.NAME]", setting="plans")
    for name, table in tables.items():
        try:
            PLAN_NAME.read(name)
        except ValueError:
            raise ConfigError(
                f"[plans.{_plain(name)}] {source}: allowed is {PLAN_NAME.allowed}", setting="plans"
            ) from None
        plans[name] = {}
        _take_table({name: table}, "plans.", all_settings((name,)), given, source)


def _from_environment(
    env: Mapping[str, str], known: Mapping[str, Setting]
) -> Iterable[tuple[str, _Given]]:
    """Settings given as ``KLINK_SECTION__KEY``.

    Variables without ``__`` other than ``KLINK_DATA_DIR`` are left alone: container systems
    make some of their own for a service called klink (``KLINK_PORT``, ``KLINK_SERVICE_HOST``).
    """
    by_variable = {each.variable: each for each in known.values()}
    for variable, text in sorted(env.items()):
        if not variable.startswith("KLINK_") or variable.startswith("KLINK_TEST_"):
            continue
        if variable not in by_variable and "__" in variable:
            raise ConfigError(
                f"unknown setting {_plain(variable)} in the environment"
                f"{_nearest(variable, by_variable)}",
                setting=variable,
            )
        if variable in by_variable:
            setting = by_variable[variable]
            source = f"from {variable} in the environment"
            try:
                value = setting.kind.from_text(text)
            except ValueError as error:
                raise _refusal(setting, _Given(text, source), str(error)) from None
            yield setting.name, _Given(value, source)


def _nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error about an unknown name: the nearest known one, else all of its place.

    :param known: dotted names, variables of the environment, or names of plans.
    """
    names = list(known)
    sections = {each.rpartition(".")[0] for each in names} - {""}
    last = _SEPARATOR.split(name)[-1]
    by_last = {_SEPARATOR.split(each)[-1]: each for each in reversed(names)}
    if close := difflib.get_close_matches(name, [*names, *sections], n=1):
        nearest = close[0]
    elif close := difflib.get_close_matches(last, by_last, n=1):  # the right key, elsewhere
        nearest = by_last[close[0]]
    else:
        return f"; known are {', '.join(names)}"
    return f"; did you mean {f'[{nearest}]' if nearest in sections else nearest}?"


def _plain(name: str) -> str:
    """A name that somebody else chose, fit to stand in one line."""
    return name if re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", name) else shown(name)
