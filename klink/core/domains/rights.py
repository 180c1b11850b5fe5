"""Who may change a workspace's domains."""

from __future__ import annotations

from klink.core.errors import InsufficientRole
from klink.core.principal import Principal
from klink.db.models import Membership

__all__ = ["is_admin_of_server", "need"]

_ROLES = ("owner", "admin")


def need(who: Principal, scope: str) -> None:
    """Refuse whom this is not for: a domain bears the workspace's name, so editors do not.

    :raises InsufficientScope: the key was not made for it.
    :raises InsufficientRole: whose key it is is no owner or admin of the workspace.
    """
    who.need(scope)
    if is_admin_of_server(who):
        return
    found = Membership.get_or_none(
        Membership.user == who.user_id, Membership.workspace == who.workspace_id
    )
    if found is None or found.role not in _ROLES:
        raise InsufficientRole(_ROLES)


def is_admin_of_server(who: Principal) -> bool:
    """Whether the command line asks: whoever may use it owns the server."""
    return who.dialect == "cli" and who.key_id is None
