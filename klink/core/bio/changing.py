"""Making bio pages, changing their words and their state, and deleting them."""

from __future__ import annotations

from collections.abc import Mapping

from klink.core import audit
from klink.core.bio.model import (
    MAX_PAGES,
    MAX_TEXT,
    MAX_TITLE,
    BioPageView,
    BioPatch,
    NewBioPage,
)
from klink.core.bio.names import check_name
from klink.core.bio.reading import is_taken, row_of, view_of
from klink.core.context import Context
from klink.core.errors import BioNameTaken, Conflict, PreconditionFailed, ValidationFailed
from klink.core.ids import new_uid
from klink.core.principal import Principal
from klink.core.problems import Problems, text_problem
from klink.db.connection import lock, write
from klink.db.models import BioPage

__all__ = ["change", "create", "delete", "held_row", "store"]

_NAMES = "klink:bio-names"
"""The lock that whoever takes a name holds."""


def create(ctx: Context, who: Principal, new: NewBioPage) -> BioPageView:
    """Make a page, which is not published yet.

    :raises InsufficientScope: who asks may not.
    :raises ValidationFailed: name, title or text.
    :raises BioNameTaken: another page has the name, in whichever workspace.
    :raises Conflict: the workspace has as many pages as it may.
    """
    who.need("create")
    given = _checked({"name": new.name, "title": new.title, "text": new.text})
    with write():
        lock(_NAMES)
        _refuse_taken(str(given["name"]))
        if BioPage.select().where(BioPage.workspace == who.workspace_id).count() >= MAX_PAGES:
            raise Conflict(f"a workspace may have {MAX_PAGES} bio pages; delete one first")
        row = BioPage.create(
            uid=new_uid(ctx.now),
            workspace=who.workspace_id,
            is_published=False,
            created_by=who.user_id,
            created_at=ctx.now,
            updated_at=ctx.now,
            version=1,
            **given,
        )
        audit.record(ctx, who, "bio.create", _subject(row), {"name": row.name})
        return view_of(ctx, row)


def change(
    ctx: Context,
    who: Principal,
    name: str,
    patch: BioPatch,
    *,
    if_version: int | None = None,
) -> BioPageView:
    """Change a page: its words, its name, whether it is published.

    An old name is free at once, and whoever has it written down finds nothing there.

    :raises InsufficientScope: who asks may not.
    :raises NotFound: the workspace has no page of this name.
    :raises PreconditionFailed: the page has another version by now.
    :raises ValidationFailed: name, title or text.
    :raises BioNameTaken: another page has the new name.
    """
    who.need("update")
    given = _checked(patch.given())
    with write():
        if "name" in given:
            lock(_NAMES)
        row = held_row(who, name, if_version)
        news = {each: value for each, value in given.items() if value != getattr(row, each)}
        if not news:
            return view_of(ctx, row)
        if "name" in news:
            _refuse_taken(str(news["name"]))
        details = {each: [getattr(row, each), value] for each, value in news.items()}
        audit.record(ctx, who, _action(news), _subject(row), {"name": row.name, **details})
        return store(ctx, row, news)


def delete(ctx: Context, who: Principal, name: str, *, if_version: int | None = None) -> None:
    """Delete a page with its picture; its links stay, and its name is free at once.

    :raises InsufficientScope: who asks may not.
    :raises NotFound: the workspace has no page of this name.
    :raises PreconditionFailed: the page has another version by now.
    """
    who.need("delete")
    with write():
        row = held_row(who, name, if_version)
        view = view_of(ctx, row)
        details: dict[str, object] = {
            "name": view.name,
            "title": view.title,
            "text": view.text,
            "was_published": view.is_published,
            "links": view.link_count,
        }
        audit.record(ctx, who, "bio.delete", _subject(row), details)
        BioPage.delete().where(BioPage.id == row.id).execute()


def held_row(who: Principal, name: str, if_version: int | None = None) -> BioPage:
    """The record of a page, which nobody else changes until the unit of work ends.

    :raises NotFound: the workspace has none of this name.
    :raises PreconditionFailed: it has another version.
    """
    lock(f"klink:bio-page:{row_of(who, name).id}")
    row = row_of(who, name)  # as it is now
    if if_version is not None and row.version != if_version:
        raise PreconditionFailed("page")
    return row


def store(ctx: Context, row: BioPage, columns: Mapping[str, object]) -> BioPageView:
    """Write columns of a record that is held, and that it has changed."""
    changed = {**columns, "updated_at": ctx.now, "version": row.version + 1}
    BioPage.update(changed).where(BioPage.id == row.id).execute()
    return view_of(ctx, BioPage.get_by_id(row.id))


def _subject(row: BioPage) -> str:
    return f"bio:{row.uid}"


def _action(news: Mapping[str, object]) -> str:
    """What a change is called: by that of it which others notice most."""
    if "is_published" in news:
        return "bio.publish" if news["is_published"] else "bio.unpublish"
    return "bio.rename" if "name" in news else "bio.change"


def _refuse_taken(name: str) -> None:
    if is_taken(name):
        raise BioNameTaken(name)


def _checked(given: Mapping[str, str | bool]) -> dict[str, str | bool]:
    """The fields as they are kept.

    :raises ValidationFailed: with everything that is wrong.
    """
    found, problems = dict(given), Problems()
    if "name" in given:
        try:
            found["name"] = check_name(str(given["name"]))
        except ValidationFailed as error:
            problems.add("name", error.errors["name"][0])
    if "title" in given:
        found["title"] = str(given["title"]).strip()
        if problem := text_problem(str(found["title"]), MAX_TITLE, least=0):
            problems.add("title", problem)
    if "text" in given:
        found["text"] = _lines(str(given["text"]))
        if problem := text_problem(str(found["text"]), MAX_TEXT, least=0, lines=True):
            problems.add("text", problem)
    problems.raise_if_any()
    return found


def _lines(text: str) -> str:
    """A text with one kind of line breaks; forms send another one."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
