"""The audit log: who did what, when; written with the change it tells of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from klink.db import rows as table_rows
from klink.db.models import Audit

if TYPE_CHECKING:
    from klink.core.context import Context
    from klink.core.principal import Principal

_as_json = json.JSONEncoder(default=str).encode  # json.dumps would make one for each entry


def record(
    ctx: Context,
    who: Principal | None,
    action: str,
    subject: str,
    details: dict[str, object] | None = None,
    *,
    workspace_id: int | None = None,
    user_id: int | None = None,
) -> None:
    """Write one entry into the current unit of work.

    :param who: None when nobody in particular did it, such as a job.
    :param user_id: who did it where that has to do with no workspace, such as their password.
    :param action: noun and verb, such as ``link.create``.
    :param subject: what it was done to, such as ``link:0198…``.
    :param details: old and new values; never a secret.
    """
    rows = [_row(ctx, who, action, subject, details or {}, workspace_id, user_id)]
    table_rows.insert(Audit, rows)


def record_all(
    ctx: Context,
    who: Principal,
    action: str,
    entries: Iterable[tuple[str, Mapping[str, object]]],
) -> None:
    """Write entries of one action at once.

    :param entries: subject and details of each; at least one.
    """
    rows = [_row(ctx, who, action, subject, details, None) for subject, details in entries]
    table_rows.insert(Audit, rows)


def _row(
    ctx: Context,
    who: Principal | None,
    action: str,
    subject: str,
    details: Mapping[str, object],
    workspace_id: int | None,
    user_id: int | None = None,
) -> dict[str, object]:
    return {
        "at": ctx.now,
        "workspace_id": who.workspace_id if who else workspace_id,
        "user_id": who.user_id if who else user_id,
        "key_id": who.key_id if who else None,
        "action": action,
        "subject": subject,
        "details": _as_json(details),
        "door": who.dialect if who else None,
    }
