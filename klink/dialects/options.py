"""What the configuration says about dialects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import current_app

EXTENSION = "klink-dialects"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings of ``[dialects]`` that doors need.

    :param default: answers when nothing else says which dialect is meant.
    :param hosts: dialects by host.
    :param shown_limit: what an unlimited key of klinky is told that its limit is (K10).
    :param keyless_per_hour: requests that an address may make of klinky without a valid key.
    :param require_post_id: whether Klook Up's ``inpage`` links need a ``post_id`` (U1).
    :param anonymous: whether Klook Up makes links without a key (U12).
    """

    default: str = "klink"
    hosts: Mapping[str, str] = field(default_factory=dict)
    shown_limit: int = 1_000_000
    keyless_per_hour: int = 60
    require_post_id: bool = True
    anonymous: bool = False


def options() -> Options:
    """The options of the app that answers the current request."""
    found: Options = current_app.extensions[EXTENSION]
    return found
