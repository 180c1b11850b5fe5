"""The text of ``config.example.toml``, made from the settings themselves."""

from __future__ import annotations

import json
import textwrap
from itertools import groupby

from klink.config.dialects import PLAN_PRESETS, Plan
from klink.config.setting import Setting
from klink.config.settings import Config, settings_of

WIDTH = 100

HEAD = """\
# Every setting of klink with its default. Copy what you change to config.toml.
#
# klink reads --config FILE, else $KLINK_CONFIG, else ./config.toml. Any setting can be given in
# the environment, which wins: KLINK_DATA_DIR, KLINK_SERVER__LISTEN, … (lists: between commas).
# Durations are texts: "2s", "15m", "24h", "400d". An unknown name stops the start.
# This file is made by `python -m klink.config`; a test compares them.
"""

PLANS_HEAD = """
# Plans: what a key may do. [plans.NAME] makes a plan, or takes the place of the one below with
# that name. What a plan does not name is unlimited, and its API may be used:
"""


def example_toml() -> str:
    """Every setting with help, unit and default, as one TOML file that changes nothing."""
    parts = [HEAD]
    for place, settings in groupby(settings_of(Config), key=_place):
        parts.append(f"\n[{place}]\n" if place else "\n")
        parts.extend(_entry(each) for each in settings)
    parts.append(PLANS_HEAD)
    for each in settings_of(Plan):
        text = f"{each.name}: {each.help}, {each.kind.allowed} (default: {_toml(each.default)})"
        parts.append(_comment(text, indent="    "))
    for name, preset in PLAN_PRESETS.items():
        lines = [f"{key} = {_toml(value)}\n" for key, value in preset.items()]
        parts.append(f"\n[plans.{name}]\n" + "".join(lines))
    return "".join(parts)


def _place(setting: Setting) -> str:
    return setting.name.rpartition(".")[0]


def _entry(setting: Setting) -> str:
    default = _toml(setting.default)
    unit = f"; unit: {setting.unit}" if setting.unit else ""
    key = setting.name.rpartition(".")[2]
    return _comment(f"{setting.help} (default: {default}{unit})") + f"{key} = {default}\n"


def _comment(text: str, indent: str = "") -> str:
    lines = textwrap.wrap(
        text, WIDTH, initial_indent="# ", subsequent_indent=f"# {indent}", break_long_words=False
    )
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    # JSON's texts, numbers, true, false and lists are TOML's too.
    return json.dumps(value)
