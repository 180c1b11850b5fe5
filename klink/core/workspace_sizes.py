"""All workspaces with what they hold, for whoever runs the server."""

from __future__ import annotations

from dataclasses import dataclass

from klink.core import workspaces
from klink.core.workspaces import WorkspaceView
from klink.db import rows
from klink.db.connection import read

__all__ = ["WorkspaceSize", "sizes"]


@dataclass(frozen=True, slots=True)
class WorkspaceSize:
    """A workspace and how much is in it.

    :ivar owners: e-mail addresses of its owners.
    :ivar links: outside the trash.
    """

    workspace: WorkspaceView
    owners: tuple[str, ...]
    members: int
    links: int


def sizes() -> list[WorkspaceSize]:
    """Every workspace, oldest first; the door has seen to it that the operator asks."""
    with read():
        found = workspaces.all_of_them()
        links = dict(rows.all_of("SELECT workspace_id, living FROM workspace_links"))
        members = dict(
            rows.all_of("SELECT workspace_id, COUNT(*) FROM memberships GROUP BY workspace_id")
        )
        owners = rows.all_of(
            "SELECT m.workspace_id, u.email FROM memberships m JOIN users u ON u.id = m.user_id "
            "WHERE m.role = 'owner' ORDER BY u.id"
        )
    return [
        WorkspaceSize(
            each,
            tuple(email for workspace_id, email in owners if workspace_id == each.id),
            members.get(each.id, 0),
            links.get(each.id, 0),
        )
        for each in found
    ]
