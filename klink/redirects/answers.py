"""A decision made final: the use taken, the visit written down, the headers ready.

The front asks here for the answer to a visit, the pages for the way on from a form or page.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from klink.clicks.visits import (
    BY_WEIGHT,
    CLICK,
    COOKIE,
    VIEW,
    Recorder,
    SeenVisit,
    cookie_for,
    is_person,
)
from klink.core import links
from klink.core.compiled import CompiledLink, Lookups
from klink.core.resolve import Decision, Outcome, forward, resolve, used_up

__all__ = ["STATUS_LINES", "Answer", "Answers", "Headers", "redirect_headers"]

Headers = list[tuple[str, str]]

_COMMON = [
    ("Content-Length", "0"),
    ("Cache-Control", "private, no-store"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("X-Robots-Tag", "noindex"),
]

STATUS_LINES = {
    301: "301 Moved Permanently",
    302: "302 Found",
    303: "303 See Other",
    307: "307 Temporary Redirect",
    308: "308 Permanent Redirect",
}
"""Status and reason of every redirect there is."""

_NOT_FOUND = Decision(Outcome.NOT_FOUND, 404)
_SHOWN = (Outcome.PREVIEW, Outcome.PASSWORD)
_KEEPS_METHOD = (307, 308)


class Answer(NamedTuple):
    """What a visit gets; counted, with nothing left to do.

    :ivar decision: never ``METERED``: its use has been taken, or it is what ``used_up`` says.
    :ivar headers: of a redirect; empty when the pages must show something.
    """

    decision: Decision
    headers: Headers


def redirect_headers(location: str, cookie: str = "") -> Headers:
    """The headers of an answer without a body that sends a visitor on.

    :param location: ASCII, as ``resolve`` gives it.
    """
    headers = [("Location", location), *_COMMON]
    if cookie:
        headers.append(("Set-Cookie", cookie))
    return headers


class Answers:
    """Makes decisions final; shared by threads.

    :param lookups: facts that rules may ask for.
    """

    def __init__(self, recorder: Recorder, lookups: Lookups) -> None:
        self._recorder = recorder
        self._lookups = lookups

    def arrive(self, link: CompiledLink | None, seen: SeenVisit, *, is_page: bool) -> Answer:
        """The answer to a GET, HEAD or POST of ``/slug`` or ``/slug/page``.

        ``PASSWORD``, and ``PREVIEW`` at the page itself, have no headers: the form or page is
        to be shown (its view is counted), or its POST to be looked at (nothing is).

        :param link: None when there is none.
        :raises DatabaseBusy: when uses cannot be counted now; then nothing is written.
        """
        if link is None:
            return Answer(_NOT_FOUND, [])
        visit = seen.visit
        klid = partial(self._recorder.visitor_of, link, seen)
        decision = resolve(link, visit, self._lookups, visitor_out=klid)
        if link.max_clicks is not None:
            decision = _metered(link, seen, decision)
        is_post = visit.method == "POST"
        if decision.outcome is Outcome.FORWARD:
            if is_post and (is_page or decision.status not in _KEEPS_METHOD):
                decision = decision._replace(status=303)
            # Whoever posts at the page has been counted when it was shown.
            return self._sent_on(link, seen, decision, 0 if is_post and is_page else VIEW)
        if decision.outcome is Outcome.PREVIEW and not is_page:
            if is_post:
                decision = decision._replace(status=303)
            return Answer(decision, redirect_headers(decision.location))  # counted at the page
        if decision.outcome in _SHOWN and not is_post:
            self._recorder.record(link, seen, None, VIEW)
        return self._closed(link, seen, decision)

    def onward(self, link: CompiledLink, seen: SeenVisit) -> Answer:
        """The way on, after the page or the right password.

        Its status is 303, so that a browser does not post the form to the destination.

        :raises DatabaseBusy: when uses cannot be counted now; then nothing is written.
        """
        decision = self.destination(link, seen)
        if link.max_clicks is not None:
            decision = _metered(link, seen, decision)
        if decision.outcome is Outcome.FORWARD:
            return self._sent_on(link, seen, decision._replace(status=303), 0)
        return self._closed(link, seen, decision)

    def destination(self, link: CompiledLink, seen: SeenVisit) -> Decision:
        """Where the way on leads now; takes no use and writes nothing."""
        klid = partial(self._recorder.visitor_of, link, seen)
        return forward(link, seen.visit, self._lookups, visitor_out=klid)

    def _sent_on(
        self, link: CompiledLink, seen: SeenVisit, decision: Decision, flags: int
    ) -> Answer:
        cookie = ""
        if decision.sets_cookie:
            cookie = cookie_for(seen)
            flags |= COOKIE
        if decision.by_weight:
            flags |= BY_WEIGHT
        self._recorder.record(link, seen, decision.variant, flags | CLICK)
        return Answer(decision, redirect_headers(decision.location, cookie))

    def _closed(self, link: CompiledLink, seen: SeenVisit, decision: Decision) -> Answer:
        """A link that leads nowhere any more, but perhaps to its ``expired_url``."""
        if decision.outcome is not Outcome.EXPIRED:
            return Answer(decision, [])
        self._recorder.record(link, seen, None, VIEW)
        return Answer(decision, redirect_headers(decision.location))


def _metered(link: CompiledLink, seen: SeenVisit, decision: Decision) -> Decision:
    """Hold a link to its ``max_clicks``: only persons use it up, and nobody passes it."""
    assert link.max_clicks is not None
    if decision.outcome is Outcome.METERED:
        use = links.take_use if is_person(seen.visit) else links.uses_left
        if use(link.id, link.max_clicks):
            return decision._replace(outcome=Outcome.FORWARD)
        return used_up(link)
    # A form or page that leads nowhere any more is not shown (contract: used up is 410).
    if decision.outcome in _SHOWN and not links.uses_left(link.id, link.max_clicks):
        return used_up(link)
    return decision
