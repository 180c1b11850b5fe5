"""What requests and answers about bio pages hold."""

from __future__ import annotations

from marshmallow import Schema, fields

from klink.api.answer_fields import count, flag, moment, part
from klink.api.answer_fields import text as _text
from klink.core import bio
from klink.web.fields import Few, Flag, Strict, Text

_READ_ONLY = "is read-only"
_SHOWN = dict.fromkeys(
    ("id", "url", "picture", "link_count", "created_at", "updated_at"), _READ_ONLY
)
_NAME = {
    "description": "What stands behind the `@`. In any case; it is kept in small letters.",
    "minLength": bio.MIN_NAME,
    "maxLength": bio.MAX_NAME + 1,
}
_TITLE = {"maxLength": bio.MAX_TITLE}
_TEXT = {"description": "Plain, with line breaks.", "maxLength": bio.MAX_TEXT}
_LINKS = {"description": "All of them, in their order."}
_PUBLISHED = {"description": "Whether visitors see the page."}


class PlacedLinkInput(Strict):
    """A link that is to stand on a page."""

    read_only = dict.fromkeys(("slug", "short_url", "shown_label", "state", "clicks"), _READ_ONLY)

    link = Text(required=True, metadata={"description": "Its `id`.", "format": "uuid"})
    label = Text(
        allow_none=True,
        metadata={
            "description": "What is read there; null: the link's title, or its address.",
            "maxLength": bio.MAX_LABEL,
        },
    )


class NewBioPageInput(Strict):
    """A page to make."""

    read_only = _SHOWN

    name = Text(required=True, metadata=_NAME)
    title = Text(allow_none=True, metadata=_TITLE)
    text = Text(allow_none=True, metadata=_TEXT)
    is_published = Flag(metadata=_PUBLISHED)
    links = Few(fields.Nested(PlacedLinkInput), bio.MAX_LINKS, metadata=_LINKS)


class BioPagePatchInput(Strict):
    """What to change of a page; what is absent stays."""

    read_only = _SHOWN

    name = Text(metadata=_NAME)
    title = Text(allow_none=True, metadata=_TITLE)
    text = Text(allow_none=True, metadata=_TEXT)
    is_published = Flag(metadata=_PUBLISHED)
    links = Few(fields.Nested(PlacedLinkInput), bio.MAX_LINKS, metadata=_LINKS)


class BioPicture(Schema):
    """A page's picture."""

    type = _text(enum=["image/png", "image/jpeg", "image/webp"])
    url = _text("Answers while the page is published.", format="uri")
    width = count()
    height = count()


class ChosenLink(Schema):
    """A link on a page."""

    link = _text("Its `id`.", format="uuid")
    slug = _text()
    short_url = _text(format="uri")
    label = _text("As it was set.", null=True)
    shown_label = _text("What is read on the page.")
    state = _text("Whether visitors see it, or else why not.", enum=list(bio.STATES))
    clicks = count("All of the link's, wherever they came from.")


class BioPageInList(Schema):
    """A bio page, without its links."""

    id = _text(format="uuid")
    name = _text()
    url = _text("Where it is published.", format="uri")
    title = _text(null=True)
    text = _text(null=True)
    is_published = flag()
    picture = fields.Nested(BioPicture, required=True, allow_none=True)
    link_count = count("Links on it, those among them that visitors do not see.")
    created_at = moment(null=False)
    updated_at = moment(null=False)


class BioPage(BioPageInList):
    """A bio page."""

    links = part(ChosenLink, many=True)


class BioPageList(Schema):
    """All pages of a workspace, oldest first."""

    items = part(BioPageInList, many=True)
