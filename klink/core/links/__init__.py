"""Links: everything that can be done with one, for every door.

``model`` holds the values that go in and come out; the functions here are the service.
"""

from __future__ import annotations

from klink.core.links.arrivals import Arrival, Arrivals, Arrived, Trial
from klink.core.links.arrivals import Outcome as ArrivalOutcome
from klink.core.links.bulk import create_many, prepare_many
from klink.core.links.change import replace_variants, restore, trash, update, with_variants
from klink.core.links.compiling import compiled, compiled_of
from klink.core.links.erase import purge, purge_trash, sweep
from klink.core.links.export import chosen, pages
from klink.core.links.find import domain_of_host, find, get, uid_by_number, uid_by_slug
from klink.core.links.history import HistoryEntry, HistoryPage, history, restore_version
from klink.core.links.limits import expire_due, take_use, uses_left
from klink.core.links.make import create
from klink.core.links.many import MAX_MANY, ManyChange, Outcome, change_many
from klink.core.links.model import (
    UNSET,
    Created,
    LinkPage,
    LinkPatch,
    LinkQuery,
    LinkView,
    NewLink,
    NewRule,
    NewVariant,
    NumberedPage,
    RuleView,
    Unset,
    Utm,
    VariantView,
)
from klink.core.links.prepare import prepare
from klink.core.links.quarantine import quarantine, release
from klink.core.links.quota import active_links, living_links
from klink.core.links.runs import to_judge
from klink.core.links.scan import Scan, is_due
from klink.core.links.search import numbered, search
from klink.core.links.tags import TagPage, TagView, delete_tag, rename_tag, tags
from klink.core.links.winner import name_winner, undo_winner

__all__ = [
    "MAX_MANY",
    "UNSET",
    "Arrival",
    "ArrivalOutcome",
    "Arrivals",
    "Arrived",
    "Created",
    "HistoryEntry",
    "HistoryPage",
    "LinkPage",
    "LinkPatch",
    "LinkQuery",
    "LinkView",
    "ManyChange",
    "NewLink",
    "NewRule",
    "NewVariant",
    "NumberedPage",
    "Outcome",
    "RuleView",
    "Scan",
    "TagPage",
    "TagView",
    "Trial",
    "Unset",
    "Utm",
    "VariantView",
    "active_links",
    "change_many",
    "chosen",
    "compiled",
    "compiled_of",
    "create",
    "create_many",
    "delete_tag",
    "domain_of_host",
    "expire_due",
    "find",
    "get",
    "history",
    "is_due",
    "living_links",
    "name_winner",
    "numbered",
    "pages",
    "prepare",
    "prepare_many",
    "purge",
    "purge_trash",
    "quarantine",
    "release",
    "rename_tag",
    "replace_variants",
    "restore",
    "restore_version",
    "search",
    "sweep",
    "tags",
    "take_use",
    "to_judge",
    "trash",
    "uid_by_number",
    "uid_by_slug",
    "undo_winner",
    "update",
    "uses_left",
    "with_variants",
]
