"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass

from klink.core.errors import InsufficientScope
from klink.core.plans import UNLIMITED, Plan

SCOPES = ("read", "create", "update", "delete")


def scopes_of(role: str) -> frozenset[str]:
    """The scopes that a key of a user with this role may have: a viewer's may only read."""
    return frozenset({"read"}) if role == "viewer" else frozenset(SCOPES)


@dataclass(frozen=True, slots=True)
class Principal:
    """A key, or the command line, acting for a user in one workspace.

    :param key_id: None for the command line.
    :param dialect: which door it came through: ``klink`` (native) or ``cli``.
    :param plan: the key's plan.
    :param workspace_plan: a further cap, when the workspace has a plan.
    """

    workspace_id: int
    user_id: int | None
    key_id: int | None
    dialect: str
    scopes: frozenset[str] = frozenset(SCOPES)
    plan: Plan = UNLIMITED
    workspace_plan: Plan | None = None

    def need(self, scope: str) -> None:
        """Refuse what the key was not made for.

        :raises InsufficientScope: when ``scope`` is not among its scopes.
        """
        if scope not in self.scopes:
            raise InsufficientScope(scope)

    @property
    def plans(self) -> tuple[Plan, ...]:
        """Every plan that caps this principal."""
        return (self.plan, self.workspace_plan) if self.workspace_plan else (self.plan,)
