"""What goes into the core about bio pages, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal, NamedTuple

from klink.core.links.model import UNSET, LinkView, Unset

MAX_PAGES = 10
"""Pages that a workspace may have."""

MAX_LINKS = 100
"""Links that may stand on a page."""

MAX_TITLE = 100
MAX_TEXT = 1000
MAX_LABEL = 100

State = Literal["shown", "trashed", "quarantined", "inactive", "not_started", "expired", "used_up"]
"""Whether visitors see a link on a page, or else why not."""

STATES: tuple[State, ...] = (
    "shown", "trashed", "quarantined", "inactive", "not_started", "expired", "used_up",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBioPage:
    """A page to make; nobody sees it before it is published.

    :param name: what stands behind the ``@``; its case is lost.
    :param text: plain, with line breaks.
    """

    name: str
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BioPatch:
    """What to change of a page."""

    name: str | Unset = UNSET
    title: str | Unset = UNSET
    text: str | Unset = UNSET
    is_published: bool | Unset = UNSET

    def given(self) -> dict[str, str | bool]:
        """The fields that are set, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not UNSET}


@dataclass(frozen=True, slots=True)
class PlacedLink:
    """A link that is to stand on a page.

    :param link: its UUID.
    :param label: what is read there; None: the link's title, or its address.
    """

    link: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class PictureView:
    """What is to be known of a picture; ``type`` is its media type, ``hash`` names its bytes."""

    type: str
    hash: str
    width: int
    height: int


class Picture(NamedTuple):
    """A picture as it is sent."""

    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class BioPageView:
    """A page as its workspace sees it.

    :ivar url: where it is published: on the workspace's default domain.
    :ivar link_count: links on it, those among them that visitors do not see.
    """

    uid: str
    workspace_id: int
    name: str
    title: str
    text: str
    is_published: bool
    picture: PictureView | None
    url: str
    link_count: int
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class ChosenLink:
    """A link on a page, as its workspace sees it.

    :ivar label: as it was set.
    :ivar shown_label: what is read on the page.
    """

    link: LinkView
    label: str | None
    shown_label: str
    state: State


class ShownLink(NamedTuple):
    """A link as visitors see it."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page as visitors see it.

    :ivar url: its one address, on whichever host it was asked for.
    """

    name: str
    title: str
    text: str
    picture: PictureView | None
    url: str
    links: tuple[ShownLink, ...]
