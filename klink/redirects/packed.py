"""Compiled links as bytes: a tenth of the memory, and nothing for the collector to look at."""

from __future__ import annotations

import marshal
from dataclasses import astuple
from typing import Any

from klink.core.compiled import CompiledLink, CompiledVariant, Condition, Rule

__all__ = ["pack", "unpack"]

# The format without references to earlier objects: smaller for what repeats nothing.
_VERSION = 2

_VARIANTS, _RULES = map(CompiledLink._fields.index, ("variants", "rules"))


def pack(link: CompiledLink) -> bytes:
    """A link as bytes for this very process: nothing that is written anywhere."""
    values: list[Any] = list(link)  # Any: marshal's own types are as good as none
    values[_VARIANTS] = tuple(map(tuple, link.variants))
    values[_RULES] = tuple((astuple(rule.when), rule.use) for rule in link.rules)
    return marshal.dumps(tuple(values), _VERSION)


def unpack(data: bytes) -> CompiledLink:
    """The link that :func:`pack` was given."""
    # Any: marshal does not say what is in its bytes; they are our own, from this process.
    values: list[Any] = list(marshal.loads(data))  # noqa: S302
    values[_VARIANTS] = tuple(map(CompiledVariant._make, values[_VARIANTS]))
    if values[_RULES]:
        values[_RULES] = tuple(Rule(Condition(*when), use) for when, use in values[_RULES])
    return CompiledLink._make(values)
