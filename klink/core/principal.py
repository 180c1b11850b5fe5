"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass

from klink.core.errors import InsufficientRole, InsufficientScope
from klink.core.plans import UNLIMITED, Plan

SCOPES = ("read", "create", "update", "delete")
MANAGERS = ("owner", "admin")
"""Roles that decide for a workspace what its members' links may do."""


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
    :param role: the user's in the workspace; '' is none.
    """

    workspace_id: int
    user_id: int | None
    key_id: int | None
    dialect: str
    scopes: frozenset[str] = frozenset(SCOPES)
    plan: Plan = UNLIMITED
    workspace_plan: Plan | None = None
    role: str = ""

    def need(self, scope: str) -> None:
        """Refuse what the key was not made for.

        :raises InsufficientScope: when ``scope`` is not among its scopes.
        """
        if scope not in self.scopes:
            raise InsufficientScope(scope)

    def need_manager(self) -> None:
        """Refuse what is for owners and admins of the workspace, and for who runs the server.

        :raises InsufficientRole: when it is neither.
        """
        if self.role not in MANAGERS and not self.is_operator:
            raise InsufficientRole(MANAGERS)

    @property
    def is_operator(self) -> bool:
        """Whether it is whoever runs the server, at its command line."""
        return self.dialect == "cli" and self.key_id is None

    @property
    def plans(self) -> tuple[Plan, ...]:
        """Every plan that caps this principal."""
        return (self.plan, self.workspace_plan) if self.workspace_plan else (self.plan,)
