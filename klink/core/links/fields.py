"""The rules for a link's own fields: each given value is checked and made a column.

Every problem of a request is found in one go, so that a person mends them all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from klink.core import urls
from klink.core.context import Context
from klink.core.errors import InvalidUrl
from klink.core.links.hosts import OwnHosts
from klink.core.links.model import UTM_NAMES, Utm
from klink.core.links.prepare import password_problem
from klink.core.passwords import HashedPassword, hash_password
from klink.core.problems import Problems, text_problem

MAX_TITLE = 200
MAX_DESCRIPTION = 500
MAX_TAGS = 50
MAX_TAG = 50
MAX_POST_ID = 255
MAX_UTM = 255
MIN_THRESHOLD = 10
MAX_NUMBER = 2**31 - 1
REDIRECT_STATUSES = (301, 302, 307, 308)
TYPES = ("direct", "inpage")


def columns(
    ctx: Context,
    given: Mapping[str, object],
    own: OwnHosts,
    problems: Problems,
    *,
    allow_past_expiry: bool,
) -> dict[str, object]:
    """Columns of ``links`` for the given fields; problems are noted, not raised.

    Destinations, slug and tags have rules of their own and are left out here.

    :param given: field names of :class:`NewLink` to values of their types.
    :param allow_past_expiry: the door's word on expiries in the past (contract: Times).
    """
    found: dict[str, object] = {}
    for name, check in _CHECKS.items():
        if name in given:
            value = given[name]
            problem = check(value) if value is not None else None
            if problem:
                problems.add(name, problem)
            found[name] = value
    if "utm" in given:
        found |= _utm(given["utm"], problems)
    if "password" in given:
        found["password_hash"] = _password(given["password"], problems)
    if "expired_url" in given:
        found |= _followed("expired", given["expired_url"], own, problems)
    if "failover_url" in given:
        found |= _followed("failover", given["failover_url"], own, problems)
    if "conversion_redirect_url" in given:
        found |= _conversion_redirect_url(given["conversion_redirect_url"], own, problems)
    if isinstance(given.get("site_url"), str):
        _site_url(str(given["site_url"]), problems)
    expires_at = given.get("expires_at")
    if isinstance(expires_at, datetime) and expires_at <= ctx.now and not allow_past_expiry:
        problems.add("expires_at", "must be in the future")
    return found


def check_together(state: Mapping[str, object], problems: Problems) -> None:
    """Rules about several fields, asked of the link as it is going to be."""
    starts_at, expires_at = state.get("starts_at"), state.get("expires_at")
    both = isinstance(starts_at, datetime) and isinstance(expires_at, datetime)
    if both and starts_at >= expires_at:  # type: ignore[operator]  # both are times
        problems.add("starts_at", "must be before expires_at")
    if state.get("site_url") is not None and state.get("type") != "inpage":
        problems.add("site_url", "is only for links of type inpage")


def tags(given: tuple[str, ...], problems: Problems) -> tuple[str, ...]:
    """The tags without repeats, in their order."""
    if len(given) > MAX_TAGS:
        problems.add("tags", f"at most {MAX_TAGS} tags")
        return ()
    found = tuple(dict.fromkeys(tag.strip() for tag in given))
    for tag in found:
        problem = text_problem(tag, MAX_TAG)
        if problem:
            problems.add("tags", f"each {problem}")
            break
    return found


def _one_of(known: tuple[object, ...]) -> Callable[[object], str | None]:
    listed = ", ".join(str(value) for value in known)
    return lambda value: None if value in known else f"must be one of {listed}"


def _text(most: int, *, lines: bool = False) -> Callable[[object], str | None]:
    return lambda value: text_problem(str(value), most, least=0, lines=lines)


def _between(least: int, most: int) -> Callable[[object], str | None]:
    def check(value: object) -> str | None:
        inside = isinstance(value, int) and least <= value <= most
        return None if inside else f"must be {least} to {most}"

    return check


def _anything(_: object) -> None:
    return None


_CHECKS: dict[str, Callable[[object], str | None]] = {
    "title": _text(MAX_TITLE),
    "description": _text(MAX_DESCRIPTION, lines=True),
    "type": _one_of(TYPES),
    "post_id": _text(MAX_POST_ID),
    "site_url": _anything,
    "auto_winner": _anything,
    "winner_threshold": _between(MIN_THRESHOLD, MAX_NUMBER),
    "forward_query": _anything,
    "redirect_status": _one_of(REDIRECT_STATUSES),
    "conversion_tracking": _anything,
    "starts_at": _anything,
    "expires_at": _anything,
    "max_clicks": _between(1, MAX_NUMBER),
    "is_active": _anything,
}


_NO_UTM: dict[str, object] = {f"utm_{name}": None for name in UTM_NAMES}


def _utm(value: object, problems: Problems) -> dict[str, object]:
    """All five of a :class:`Utm`, or those that a mapping names."""
    if isinstance(value, Utm) and not any(value.values()):
        return dict(_NO_UTM)
    given = dict(zip(UTM_NAMES, value.values(), strict=True)) if isinstance(value, Utm) else value
    assert isinstance(given, Mapping)
    found: dict[str, object] = {}
    for name, text in given.items():
        problem = text_problem(text, MAX_UTM, least=0) if text is not None else None
        if problem:
            problems.add(f"utm.{name}", problem)
        found[f"utm_{name}"] = text or None
    return found


def _password(value: object, problems: Problems) -> str | None:
    if value is None:
        return None
    if isinstance(value, HashedPassword):
        return str(value)
    problem = password_problem(str(value))
    if problem:
        problems.add("password", problem)
        return None
    return hash_password(str(value))


def _followed(when: str, value: object, own: OwnHosts, problems: Problems) -> dict[str, object]:
    """A URL that visitors are sent to in place of the destination, and its location."""
    name = f"{when}_url"
    location = None if value is None else own.destination(str(value), name, problems)
    return {name: value, f"{when}_location": location}


def _conversion_redirect_url(value: object, own: OwnHosts, problems: Problems) -> dict[str, object]:
    """Refused like a destination; kept as sent, and nothing else, as few links have one."""
    if value is not None:
        own.destination(str(value), "conversion_redirect_url", problems)
    return {"conversion_redirect_url": value}


def _site_url(value: str, problems: Problems) -> None:
    """A page of one's own may well be on one's own host: no loop rule (contract: URLs)."""
    try:
        urls.parse(value)
    except InvalidUrl as error:
        problems.add("site_url", error.reason)
