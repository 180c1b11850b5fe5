"""The picture of a bio page."""

from __future__ import annotations

from klink.core import audit
from klink.core.bio.changing import held_row, store
from klink.core.bio.model import BioPageView
from klink.core.bio.pictures import cleaned
from klink.core.bio.reading import view_of
from klink.core.context import Context
from klink.core.principal import Principal
from klink.db.connection import write
from klink.db.models import BioPicture

__all__ = ["remove_picture", "set_picture"]


def set_picture(
    ctx: Context, who: Principal, name: str, data: bytes, *, if_version: int | None = None
) -> BioPageView:
    """Give a page a picture in place of the one that it has.

    :param data: a PNG, JPEG or WebP file.
    :raises InsufficientScope: who asks may not.
    :raises NotFound: the workspace has no page of this name.
    :raises PreconditionFailed: the page has another version by now.
    :raises ValidationFailed: on ``picture``.
    """
    who.need("update")
    clean = cleaned(data)
    columns = {
        "type": clean.type,
        "hash": clean.hash,
        "width": clean.width,
        "height": clean.height,
        "data": clean.data,
    }
    with write():
        page = held_row(who, name, if_version)
        there = BioPicture.page == page.id
        row = BioPicture.select(BioPicture.hash).where(there).first()
        if row is not None and row.hash == clean.hash:
            return view_of(ctx, page)
        BioPicture.delete().where(there).execute()
        BioPicture.insert(page=page.id, **columns).execute()
        told = {each: columns[each] for each in ("type", "hash", "width", "height")}
        details = {"name": page.name, **told, "bytes": len(clean.data)}
        audit.record(ctx, who, "bio.picture", f"bio:{page.uid}", details)
        return store(ctx, page, {})


def remove_picture(
    ctx: Context, who: Principal, name: str, *, if_version: int | None = None
) -> BioPageView:
    """Take a page's picture away; a page without one stays as it is.

    :raises InsufficientScope, NotFound, PreconditionFailed: as :func:`set_picture`.
    """
    who.need("update")
    with write():
        page = held_row(who, name, if_version)
        if not BioPicture.delete().where(BioPicture.page == page.id).execute():
            return view_of(ctx, page)
        details: dict[str, object] = {"name": page.name, "removed": True}
        audit.record(ctx, who, "bio.picture", f"bio:{page.uid}", details)
        return store(ctx, page, {})
