"""Bio pages, their pictures, and the links that stand on them."""

from __future__ import annotations

from peewee import (
    BigAutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from klink.db.models.base import Base, MomentField
from klink.db.models.links import Link
from klink.db.models.people import Workspace


class BioPage(Base):
    """A page at ``/@name``; the name is in lower case, and one page's on the whole server."""

    id = BigAutoField()
    uid = TextField(unique=True)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
    workspace_id: int
    name = TextField(unique=True)
    title = TextField()
    text = TextField()
    is_published = BooleanField()
    created_by = BigIntegerField(null=True)
    created_at = MomentField()
    updated_at = MomentField()
    version = IntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "bio_pages"


class BioPicture(Base):
    """A page's picture, without what the camera wrote into it. ``type`` is its media type."""

    page = ForeignKeyField(BioPage, primary_key=True, on_delete="CASCADE")
    page_id: int
    type = TextField()
    hash = TextField()
    width = IntegerField()
    height = IntegerField()
    data = BlobField()

    class Meta:
        """Peewee's own settings."""

        table_name = "bio_pictures"


class BioLink(Base):
    """A link's place on a page; null as its ``label`` is the link's own title."""

    page = ForeignKeyField(BioPage, index=False, on_delete="CASCADE")
    page_id: int
    link = ForeignKeyField(Link, on_delete="CASCADE")
    link_id: int
    label = TextField(null=True)
    position = IntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "bio_links"
        primary_key = CompositeKey("page", "link")
