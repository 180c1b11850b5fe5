"""Bio pages: public pages at ``/@name`` with a picture, a few words and chosen links.

A page is its workspace's; who may change links may change it. ``docs/bio-pages.md`` says it to
users.
"""

from __future__ import annotations

from klink.core.bio.candidates import candidates
from klink.core.bio.changing import change, create, delete
from klink.core.bio.model import (
    MAX_LABEL,
    MAX_LINKS,
    MAX_PAGES,
    MAX_TEXT,
    MAX_TITLE,
    STATES,
    BioPageView,
    BioPatch,
    ChosenLink,
    NewBioPage,
    Picture,
    PictureView,
    PlacedLink,
    ShownLink,
    ShownPage,
    State,
)
from klink.core.bio.names import MAX_NAME, MIN_NAME, check_name
from klink.core.bio.pictures import MAX_BYTES, MAX_SIDE
from klink.core.bio.picturing import remove_picture, set_picture
from klink.core.bio.placing import add, label, move, place, remove
from klink.core.bio.reading import (
    chosen,
    find_all,
    get,
    name_problem,
    picture,
    shown,
    shown_picture,
)
from klink.core.links.model import UNSET

__all__ = [
    "MAX_BYTES",
    "MAX_LABEL",
    "MAX_LINKS",
    "MAX_NAME",
    "MAX_PAGES",
    "MAX_SIDE",
    "MAX_TEXT",
    "MAX_TITLE",
    "MIN_NAME",
    "STATES",
    "UNSET",
    "BioPageView",
    "BioPatch",
    "ChosenLink",
    "NewBioPage",
    "Picture",
    "PictureView",
    "PlacedLink",
    "ShownLink",
    "ShownPage",
    "State",
    "add",
    "candidates",
    "change",
    "check_name",
    "chosen",
    "create",
    "delete",
    "find_all",
    "get",
    "label",
    "move",
    "name_problem",
    "picture",
    "place",
    "remove",
    "remove_picture",
    "set_picture",
    "shown",
    "shown_picture",
]
