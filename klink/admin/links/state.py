"""How a link stands, in sentences: what visitors get when it is not live, and until when."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from klink.core.links import LinkView
from klink.core.links.erase import TRASH_KEPT
from klink.core.links.model import CheckView

__all__ = ["Checked", "Sentence", "checks", "sentences"]

PROBLEMS = {
    "not_found": "the page is not there (404 or 410)",
    "server_error": "the site answers with an error of its own",
    "unreachable": "the site cannot be reached",
    "certificate": "the site's certificate is not valid",
    "too_many_redirects": "the site redirects in circles",
    "refused": "klink does not ask this address",
}


class Sentence(NamedTuple):
    """A state, in a word and a sentence, and the moment that it is about.

    :ivar kind: ``warn`` or ``bad``, for its colour.
    """

    word: str
    text: str
    at: datetime | None = None
    kind: str = "warn"


class Checked(NamedTuple):
    """What the last look at a destination found.

    :ivar label: the variant's; '' of a link without variants.
    :ivar words: how it went; ``kind`` is ``good``, ``warn`` or ``bad``.
    """

    label: str
    url: str
    check: CheckView
    words: str
    kind: str


def sentences(link: LinkView, now: datetime) -> list[Sentence]:
    """Everything about a link that keeps visitors from its destination, or soon will."""
    return [*_closed(link), *_timed(link, now), *_down(link)]


def _closed(link: LinkView) -> list[Sentence]:
    found: list[Sentence] = []
    if link.deleted_at is not None:
        text = "Visitors are told that it is gone. It is erased with its clicks on"
        found.append(Sentence("In the trash", text, link.deleted_at + TRASH_KEPT))
    if link.quarantined_at is not None:
        why = f" Why: {link.quarantine_reason}." if link.quarantine_reason else ""
        by = {"operator": " Only who runs the server can release it."}.get(
            link.quarantined_by or "", ""
        )
        text = f"Visitors get what they would get if it were not there.{why}{by} Since"
        found.append(Sentence("Quarantined", text, link.quarantined_at, "bad"))
    if not link.is_active and link.deleted_at is None:
        found.append(Sentence("Disabled", "Visitors are told that it is gone."))
    return found


def _timed(link: LinkView, now: datetime) -> list[Sentence]:
    found: list[Sentence] = []
    if link.starts_at is not None and link.starts_at > now:
        text = "Visitors are told that it is not there yet. It starts"
        found.append(Sentence("Not yet", text, link.starts_at))
    if link.expires_at is not None and link.expires_at <= now:
        way = f"Visitors go to {link.expired_url}." if link.expired_url else "Visitors are told so."
        found.append(Sentence("Expired", f"{way} Since", link.expires_at))
    if link.scheduled_deletion_at is not None and link.deleted_at is None:
        text = "Its page does not name it any more. It moves to the trash"
        found.append(Sentence("Not found on site", text, link.scheduled_deletion_at))
    return found


def _down(link: LinkView) -> list[Sentence]:
    found: list[Sentence] = []
    for each in checks(link):
        if each.check.down_since is not None:
            name = f"Destination {each.label} down" if each.label else "Destination down"
            way = f"visitors go to {link.failover_url}" if link.failover_url else "visitors go on"
            text = f"{each.words[:1].upper()}{each.words[1:]}; {way}. Since"
            found.append(Sentence(name, text, each.check.down_since, "bad"))
    return found


def checks(link: LinkView) -> list[Checked]:
    """The last look at each destination that was looked at."""
    if not link.variants:
        return [] if link.check is None else [_checked("", link.url, link.check)]
    return [
        _checked(each.label, each.url, each.check)
        for each in link.variants
        if each.check is not None
    ]


def _checked(label: str, url: str, check: CheckView) -> Checked:
    if check.problem is not None:
        words = PROBLEMS.get(str(check.problem), "the last check met a problem")
        return Checked(label, url, check, words, "bad" if check.down_since else "warn")
    answered = f"answers {check.status}" if check.status is not None else "answers"
    return Checked(label, url, check, answered, "good")
