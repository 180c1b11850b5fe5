"""What a destination answers, and whether that is a problem."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from klink.fetching import Fetched, Fetcher, FetchError, Refused, Unreachable

__all__ = ["DOWN", "Answer", "Problem", "answer_of", "ask"]


class Problem(StrEnum):
    """What is wrong with a destination: codes that stay the same between versions."""

    NOT_FOUND = "not_found"  # 404, 410
    SERVER_ERROR = "server_error"  # 5xx
    UNREACHABLE = "unreachable"  # no such name, nobody there, no answer in time
    CERTIFICATE = "certificate"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    REFUSED = "refused"  # leads where klink does not go, such as a private address


DOWN = frozenset(
    {Problem.NOT_FOUND, Problem.SERVER_ERROR, Problem.UNREACHABLE, Problem.CERTIFICATE}
)
"""The problems that no visitor gets past; of the others klink knows only for itself."""

_ANYTHING = ("*/*",)
_LITTLE = 1024  # bytes of a body, of which only the status is asked

_UNREACHABLE = {
    "dns": Problem.UNREACHABLE,
    "timeout": Problem.UNREACHABLE,
    "connect": Problem.UNREACHABLE,
    "protocol": Problem.UNREACHABLE,
    "tls": Problem.CERTIFICATE,
    "redirects": Problem.TOO_MANY_REDIRECTS,
}
"""By the reason of an :class:`Unreachable`; the others come of an answer, so it is there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One check.

    :ivar status: None when there was no answer.
    :ivar final_host: who answered, when that is not the destination's own host.
    :ivar retry_after_s: when the site asks to be asked again.
    """

    problem: Problem | None = None
    status: int | None = None
    final_host: str | None = None
    retry_after_s: int | None = None


def ask(fetcher: Fetcher, location: str, host: str) -> Answer:
    """Ask a destination whether it is there.

    :param host: the destination's own.
    """
    try:
        return answer_of(_asked(fetcher, location), host)
    except Unreachable as error:
        return Answer(_UNREACHABLE.get(error.reason))
    except Refused as error:
        # An address of an app or of mail, say: a browser may well go there.
        return Answer(None if error.reason == "scheme" else Problem.REFUSED)


def answer_of(got: Fetched, host: str) -> Answer:
    """What an answer says. 401, 403, 429 and the like are from somebody who is there."""
    problem = None
    if got.status in (404, 410):
        problem = Problem.NOT_FOUND
    elif got.status >= 500:
        problem = Problem.SERVER_ERROR
    is_elsewhere = got.host.strip("[]") != host.strip("[]")
    return Answer(problem, got.status, got.host if is_elsewhere else None, got.retry_after_s)


def _asked(fetcher: Fetcher, location: str) -> Fetched:
    """The answer to HEAD, or to GET where HEAD says nothing for sure.

    Not every site that has a page answers HEAD as it should, so nobody is called gone or broken
    by that alone.

    :raises FetchError: there is none.
    """
    try:
        got = fetcher.get(location, method="HEAD", max_bytes=_LITTLE, accept=_ANYTHING)
    except FetchError as error:
        if error.reason != "protocol":
            raise
    else:
        is_sure = got.status != 405 and got.status not in (404, 410) and got.status < 500
        if is_sure or got.retry_after_s is not None:
            return got
    return fetcher.get(location, max_bytes=_LITTLE, accept=_ANYTHING)
