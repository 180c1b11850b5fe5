"""Plans: what a key or a workspace may use. They are data from the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from klink.core.errors import ValidationFailed


@dataclass(frozen=True, slots=True)
class Plan:
    """Limits of a plan; None is unlimited.

    Minute and hour are fixed UTC windows per key; month and links are counted per
    workspace (contract: Rate limits).
    """

    name: str
    requests_per_minute: int | None = None
    requests_per_hour: int | None = None
    requests_per_month: int | None = None
    max_links: int | None = None
    api_access: bool = True

    def allows_no_more_than(self, other: Plan) -> bool:
        """Whether whoever has the other plan gains nothing by having this one."""
        if not (self.api_access and other.api_access):
            return not self.api_access
        return all(
            theirs is None or (own is not None and own <= theirs)
            for own, theirs in zip(self._limits, other._limits, strict=True)
        )

    @property
    def _limits(self) -> tuple[int | None, ...]:
        return (
            self.requests_per_minute,
            self.requests_per_hour,
            self.requests_per_month,
            self.max_links,
        )


UNLIMITED = Plan("unlimited")


def named(plans: Mapping[str, Plan], name: str) -> Plan:
    """The plan called ``name``.

    :raises ValidationFailed: when the configuration has none of that name.
    """
    try:
        return plans[name]
    except KeyError:
        known = ", ".join(sorted(plans))
        raise ValidationFailed({"plan": [f"no plan {name!r}; known are {known}"]}) from None


def stored(plans: Mapping[str, Plan], name: str | None) -> Plan | None:
    """The plan a row names; a name that has left the configuration forbids the API.

    A plan that somebody deleted from the configuration must not turn into "unlimited".
    """
    if name is None:
        return None
    return plans.get(name) or Plan(name, api_access=False)
