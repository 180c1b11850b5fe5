"""What is known of one setting, and how a field of a section says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from klink.config.kinds import Kind


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


def about(
    default: object, kind: Kind, help: str, *, unit: str = "", key: str = "", secret: bool = False
) -> Mapping[str, object]:
    """The metadata of a field that holds a setting (:class:`Setting`).

    :param key: its name in TOML, when that is not the field's.
    """
    return {
        "default": default,
        "kind": kind,
        "help": help,
        "unit": unit,
        "key": key,
        "secret": secret,
    }
