"""Workspaces: who owns links."""

from __future__ import annotations

import json
import re
import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from peewee import fn

from klink.core import audit
from klink.core.context import Context
from klink.core.currencies import CURRENCIES
from klink.core.errors import Conflict, NotFound, ValidationFailed
from klink.core.plans import named
from klink.core.principal import Principal
from klink.core.problems import text_problem
from klink.db.connection import lock, read, write
from klink.db.models import Event, Membership, User, Workspace

ROLES = ("owner", "admin", "editor", "viewer")
MAX_NAME = 100
FIRST = "default"
LOCAL_OWNER = "owner@localhost"
MAX_CONVERSION_NAMES = 100
MAX_CONVERSION_NAME = 255

_MAX_ID = 2**62
_PUBLIC_ID = re.compile(r"ws_[0-9a-f]{16}")


class RevenueCounted(Conflict):
    """The currency stays, since sums of revenue depend on it."""

    code = "revenue_counted"

    def __init__(self, currency: str) -> None:
        super().__init__(
            f"there is revenue in {currency} already, and one sum of two currencies would be none; "
            "make another workspace for another currency"
        )


@dataclass(frozen=True, slots=True)
class WorkspaceView:
    """A workspace as doors show it.

    :param public_id: what browsers may know it by.
    :param conversion_names: names of events that count as conversions; None: those of the
        configuration. :func:`conversion_names` says which in either case.
    """

    id: int
    uid: str
    public_id: str
    name: str
    plan: str | None
    currency: str
    created_at: datetime
    conversion_names: tuple[str, ...] | None


def _view(row: Workspace) -> WorkspaceView:
    names = None if row.conversion_names is None else tuple(json.loads(row.conversion_names))
    return WorkspaceView(
        row.id, row.uid, row.public_id, row.name, row.plan, row.currency, row.created_at, names
    )


def ensure_first(ctx: Context) -> None:
    """Give a fresh database its workspace ``default`` and a local owner."""
    with read():
        if Workspace.select().exists() and User.select().exists():
            return
    with write():
        lock("klink:first")
        if not User.select().exists():
            User.insert(
                uid=str(uuid.uuid4()),
                email=LOCAL_OWNER,
                name="Owner",
                is_active=True,
                created_at=ctx.now,
            ).execute()
        if not Workspace.select().exists():
            create(ctx, FIRST)


def create(
    ctx: Context, name: str, plan: str | None = None, *, who: Principal | None = None
) -> WorkspaceView:
    """Make a workspace; whoever makes it becomes its owner, without one the first owner.

    :raises ValidationFailed: name or plan cannot be accepted.
    :raises Conflict: the name is taken.
    """
    name = _checked_name(name)
    if plan is not None:
        named(ctx.settings.plans, plan)
    with write():
        lock("klink:workspaces")
        if Workspace.select().where(Workspace.name == name).exists():
            raise Conflict(f"there is a workspace {name!r} already")
        row = Workspace.create(
            uid=str(uuid.uuid4()),
            public_id=f"ws_{secrets.token_hex(8)}",
            name=name,
            plan=plan,
            currency="USD",
            created_at=ctx.now,
        )
        owner = _first_owner() if who is None else who.user_id
        if owner is not None:
            Membership.create(user=owner, workspace=row, role="owner", created_at=ctx.now)
        _record(ctx, who, "workspace.create", _view(row), {"name": name, "plan": plan})
        return _view(row)


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise ValidationFailed({"name": [f"must be 1 to {MAX_NAME} printable characters"]})
    return name


def _record(
    ctx: Context,
    who: Principal | None,
    action: str,
    view: WorkspaceView,
    details: dict[str, object],
) -> None:
    """Write down what was done to a workspace, among what was done in it."""
    there = None if who is None else replace(who, workspace_id=view.id)
    audit.record(ctx, there, action, f"workspace:{view.uid}", details, workspace_id=view.id)


def _first_owner() -> User | None:
    owner: User | None = (
        User.select().join(Membership).where(Membership.role == "owner").order_by(User.id).first()
    )
    return owner or User.select().order_by(User.id).first()


def all_of_them(ids: Iterable[int] | None = None) -> list[WorkspaceView]:
    """Every workspace, or those with these ids, oldest first."""
    with read():
        query = Workspace.select().order_by(Workspace.id)
        if ids is not None:
            query = query.where(Workspace.id.in_(list(ids)))
        return [_view(row) for row in query]


def find(name_or_id: str | None) -> WorkspaceView:
    """The workspace with this name or id; without one, the first.

    :raises NotFound: when there is none.
    """
    with read():
        query = Workspace.select().order_by(Workspace.id)
        if name_or_id is None:
            row = query.first()
        else:
            row = query.where(Workspace.name == name_or_id).first()
            if row is None:
                same_id = [w for w in query if name_or_id in (str(w.id), w.uid)]
                row = same_id[0] if same_id else None
    if row is None:
        raise NotFound(f"workspace {name_or_id!r}" if name_or_id else "workspace")
    return _view(row)


def get(workspace_id: int) -> WorkspaceView:
    """The workspace with this id.

    :raises NotFound: when there is none.
    """
    row = None
    if workspace_id <= _MAX_ID:  # else the database need not hear of it
        with read():
            row = Workspace.get_or_none(Workspace.id == workspace_id)
    if row is None:
        raise NotFound("workspace")
    return _view(row)


def by_public_id(public_id: str) -> WorkspaceView:
    """The workspace that browsers know by this id.

    :raises NotFound: when there is none.
    """
    row = None
    if _PUBLIC_ID.fullmatch(public_id):  # anything else, NUL for one, the database need not see
        with read():
            row = Workspace.get_or_none(Workspace.public_id == public_id)
    if row is None:
        raise NotFound("workspace")
    return _view(row)


def conversion_names(ctx: Context, workspace: WorkspaceView) -> Sequence[str]:
    """The names of events that count as conversions in a workspace, from now on."""
    own = workspace.conversion_names
    return sorted(ctx.settings.conversion_names) if own is None else own


def rename(ctx: Context, who: Principal, name: str) -> WorkspaceView:
    """Give the workspace another name; its ids and links stay.

    :raises InsufficientRole: for owners and admins only.
    :raises ValidationFailed: the name cannot be accepted.
    :raises Conflict: another workspace of this server has it.
    """
    who.need_manager()
    who.need("update")
    name = _checked_name(name)
    with write():
        lock("klink:workspaces")
        before = get(who.workspace_id)
        if name != before.name:
            if Workspace.select().where(Workspace.name == name).exists():
                raise Conflict(f"there is a workspace {name!r} already")
            Workspace.update(name=name).where(Workspace.id == before.id).execute()
            details: dict[str, object] = {"name": [before.name, name]}
            audit.record(ctx, who, "workspace.rename", f"workspace:{before.uid}", details)
        return get(before.id)


def set_currency(ctx: Context, who: Principal, currency: str) -> WorkspaceView:
    """Say in which currency the workspace counts its revenue.

    The figures of links, variants and experiments are sums that are written with each event, of
    what came in the workspace's currency; they do not say which. So once there is revenue in the
    old currency they hold amounts of it, and would then be shown as the new one's; and what has
    come in the new one is not in them. Either is refused. Revenue in a third currency is in no
    such sum, before or after.

    :raises InsufficientRole: for owners and admins only.
    :raises ValidationFailed: ISO 4217 has no such currency.
    :raises RevenueCounted: events have brought revenue in the old currency, or in this one.
    """
    who.need_manager()
    who.need("update")
    if currency not in CURRENCIES:
        text = "must be the three capitals of a currency, such as EUR (ISO 4217)"
        raise ValidationFailed({"currency": [text]})
    seen = _refuse_revenue(who.workspace_id, currency)  # others need not wait for all of it
    with write():
        lock(currency_lock(who.workspace_id))
        before = get(who.workspace_id)
        if currency != before.currency:
            _refuse_revenue(before.id, currency, after=seen)
            Workspace.update(currency=currency).where(Workspace.id == before.id).execute()
            details: dict[str, object] = {"currency": [before.currency, currency]}
            audit.record(ctx, who, "workspace.currency", f"workspace:{before.uid}", details)
        return get(before.id)


def currency_lock(workspace_id: int) -> str:
    """The lock of whoever counts revenue, or says in which currency."""
    return f"klink:currency:{workspace_id}"


def _refuse_revenue(workspace_id: int, currency: str, *, after: int = 0) -> int:
    """Refuse when events after this number have brought any that matters; give the last number."""
    own = get(workspace_id).currency
    is_new = (Event.workspace_id == workspace_id) & (Event.id > after)
    with read():
        last = Event.select(fn.MAX(Event.id)).where(is_new).scalar() or after
        for each in (own, currency) if currency != own else ():
            is_counted = is_new & (Event.revenue > 0) & (Event.currency == each)
            if Event.select().where(is_counted, Event.id <= last).exists():
                raise RevenueCounted(each)
    return int(last)


def set_conversion_names(
    ctx: Context, workspace_id: int, names: Sequence[str] | None, by: Principal | None = None
) -> WorkspaceView:
    """Say which events count as conversions in a workspace from now on.

    :param names: each once, in their order; empty: none count; None: those of the configuration.
    :param by: who says so, owner or admin of it; None: whoever runs the server.
    :raises InsufficientRole: it is somebody else.
    :raises ValidationFailed: too many names, or one that no event can have.
    """
    if by is not None:
        by.need_manager()
        by.need("update")
    kept = None if names is None else list(dict.fromkeys(names))
    if kept is not None:
        problem = f"at most {MAX_CONVERSION_NAMES} names"
        found = [problem] if len(kept) > MAX_CONVERSION_NAMES else []
        found += [text for name in kept if (text := text_problem(name, MAX_CONVERSION_NAME))]
        if found:
            raise ValidationFailed({"conversion_names": found[:1]})
    with write():
        text = None if kept is None else json.dumps(kept)
        Workspace.update(conversion_names=text).where(Workspace.id == workspace_id).execute()
        view = get(workspace_id)
        audit.record(
            ctx,
            by,
            "workspace.conversions",
            f"workspace:{view.uid}",
            {"names": kept},
            workspace_id=workspace_id,
        )
        return view


def count_events(ctx: Context, who: Principal, name: str, *, as_conversions: bool) -> WorkspaceView:
    """Say of the events of one name whether they count as conversions from now on.

    :raises InsufficientRole: for owners and admins only.
    :raises ValidationFailed: no event can have this name, or there are too many.
    """
    with write():
        lock("klink:workspaces")
        names = list(conversion_names(ctx, get(who.workspace_id)))
        kept = [*names, name] if as_conversions else [each for each in names if each != name]
        return set_conversion_names(ctx, who.workspace_id, kept, who)


def set_plan(
    ctx: Context, workspace_id: int, plan: str | None, *, who: Principal | None = None
) -> WorkspaceView:
    """Give a workspace a plan: a cap on all its keys together. None is without a cap.

    :raises NotFound: no such workspace.
    :raises ValidationFailed: no such plan.
    """
    if plan is not None:
        named(ctx.settings.plans, plan)
    with write():
        before = get(workspace_id)
        Workspace.update(plan=plan).where(Workspace.id == workspace_id).execute()
        view = get(workspace_id)
        _record(ctx, who, "workspace.plan", view, {"plan": [before.plan, plan]})
        return view
