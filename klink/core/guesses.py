"""How often somebody may guess passwords and codes; in the database, so a restart forgets nothing.

A try is asked for, and counted, before the password is hashed: guessing costs the server next to
nothing, and several tries at once are still several. Who has to wait only reads.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from klink.core import secrets
from klink.core.client_address import network
from klink.core.times import to_ms
from klink.core.visitors import truncate
from klink.db import rows
from klink.db.connection import lock, read, write
from klink.db.models import Guess

__all__ = [
    "FORGOTTEN_AFTER", "MOST", "CodeGuesses", "Guesses", "KnownGuesses", "SignInGuesses", "prune",
]  # fmt: skip

log = logging.getLogger(__name__)

FORGOTTEN_AFTER = timedelta(hours=1)
"""Without a try for so long, whoever tried is forgotten."""

MOST = 100_000
"""Rows that a clean-up leaves. Each try that is let through costs a hash, which two at once
work on, so between two clean-ups there come no more than a few times as many."""

_EVERYTHING = 1 << 30
_LOGGED_SUBJECTS = 1_000
_SWEPT = 4  # rows that a try which is counted sweeps away; it adds as many at most


class _Rule(NamedTuple):
    """How many tries are free, and how the rest waits: 1 s, then twice as long each time.

    :ivar longest_s: the longest wait; later tries count no more, so that a link is not
        held up for long after an attack.
    :ivar forgives: how many tries each ``quiet_s`` without one take off.
    """

    name: str
    free: int
    longest_s: int
    quiet_s: int
    forgives: int

    @property
    def highest(self) -> int:
        """The number of the first try with the longest wait."""
        return self.free + math.ceil(math.log2(self.longest_s))

    def pause_ms(self, number: int) -> int:
        """The pause after the try with this number, from 1."""
        return 1000 * min(2 ** (number - self.free), self.longest_s) if number >= self.free else 0


_FORGOTTEN_S = int(FORGOTTEN_AFTER.total_seconds())
_GUESSER = _Rule("guesser", 5, 900, _FORGOTTEN_S, _EVERYTHING)
_SITE = _Rule("site", 20, 900, _FORGOTTEN_S, _EVERYTHING)
_LINK = _Rule("link", 50, 60, 60, 1)
# An office or a mobile network is one address too: what somebody there tries at other links
# makes nobody wait longer than a minute.
_ADDRESS = _Rule("address", 30, 60, 120, 1)
# Whoever signs in cannot take another address for it, so nobody may hold them up for long.
_USER = _Rule("user", 50, 60, 60, 1)
# Only who knows the password is asked for a code, and a code is short: of a million, three count.
_CODE = _Rule("code", 10, 900, 900, 1)


class _Rules(NamedTuple):
    """The rules for what is guessed of one kind of subject.

    :ivar subject: for all who guess of it together.
    """

    subject: _Rule
    address: _Rule
    guesser: _Rule
    site: _Rule


_OF_LINKS = _Rules(_LINK, _ADDRESS, _GUESSER, _SITE)
_OF_USERS = _Rules(_USER, _ADDRESS, _GUESSER, _SITE)
_OF_CODES = _Rules(_CODE, _ADDRESS, _GUESSER, _SITE)


class _Tries(NamedTuple):
    """A row: how many tries, and when the last was let through."""

    number: int
    at_ms: int

    def wait_ms(self, rule: _Rule, now_ms: int) -> int:
        """How long the next try has to wait; not above 0 when it may be now."""
        pause_ms = rule.pause_ms(self.number)
        if self.at_ms - now_ms > rule.longest_s * 1000:  # written by a clock that was wrong
            return 0
        return min(self.at_ms + pause_ms - now_ms, pause_ms)

    def next(self, rule: _Rule, now_ms: int) -> _Tries:
        """As it is after another try."""
        quiet_ms = max(0, now_ms - self.at_ms - rule.pause_ms(self.number))
        number = max(0, self.number - quiet_ms // (rule.quiet_s * 1000) * rule.forgives)
        return _Tries(min(number + 1, rule.highest), now_ms)


_NONE = _Tries(0, 0)


_Subject = TypeVar("_Subject", int, str)


class _Counter(Generic[_Subject]):
    """Counts tries; shared by threads, and by all processes on one database.

    Five are free for a subject and address. Then each must wait after the one before, 1 s at
    first and twice as long each time, up to a quarter of an hour; an hour without a try forgives
    all. A /64 of IPv6 counts as an address; the /48 around it, which a site has, the same with 20
    free. Whoever goes from subject to subject meets the count of the address: 30 are free, then
    waits up to a minute.

    :param secret: the server's; keys are made with it, so that no address can be read.
    :param purpose: counters of different ones know nothing of each other.
    :param warning: for the log: what is guessed; with ``%s`` for a subject that may stand there.
    """

    def __init__(self, secret: bytes, purpose: str, of: _Rules, warning: str) -> None:
        self._key = secrets.derive(secret, purpose)
        self._of = of
        self._warning = warning
        self._logged: OrderedDict[str, int] = OrderedDict()  # the subject's row: minute
        self._mutex = Lock()

    def ask(self, subject: _Subject, address: str, now: datetime) -> int:
        """Whole seconds to wait before the next try; 0 lets this one through and counts it.

        :raises DatabaseBusy: it cannot be counted now, so it must not be made.
        """
        rules, now_ms = self._rules(subject, address), to_ms(now)
        wait_s = _wait_s(rules, now_ms)
        if not wait_s:
            with write():
                self._lock(rules)
                wait_s = _wait_s(rules, now_ms)
                if not wait_s:
                    _sweep(now_ms)
                    _count(rules, now_ms)
        if wait_s:
            self._log(subject, address, now_ms, wait_s)
        return wait_s

    def forgive(self, subject: _Subject, address: str) -> None:
        """Forget the tries of somebody who knew it; those of others stay."""
        rules = self._rules(subject, address)
        with write():
            self._lock(rules)
            _take_back(rules)
            guesser = next(key for key, rule in rules.items() if rule is self._of.guesser)
            Guess.delete().where(Guess.who == guesser).execute()

    def take_back(self, subject: _Subject, address: str) -> None:
        """Uncount a try that was let through but never compared."""
        rules = self._rules(subject, address)
        with write():
            self._lock(rules)
            _take_back(rules)

    def _name(self, subject: _Subject) -> str:
        """What the subject is called, the same however somebody writes it."""
        return str(subject)

    def _rules(self, subject: _Subject, address: str) -> dict[str, _Rule]:
        """The rules that a try has to keep, by the keys of their rows."""
        here, name, of = network(address), self._name(subject), self._of
        found = {
            self._who(of.subject, name): of.subject,
            self._who(of.address, here): of.address,
            self._who(of.guesser, f"{name} {here}"): of.guesser,
        }
        if ":" in here:
            found[self._who(of.site, f"{name} {network(address, 48)}")] = of.site
        return found

    def _who(self, rule: _Rule, whom: str) -> str:
        text = f"{rule.name} {whom}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=16).hexdigest()

    def _lock(self, rules: Mapping[str, _Rule]) -> None:
        """Keep others from counting the same subject or address; always in this order."""
        for key, rule in rules.items():
            if rule in (self._of.subject, self._of.address):
                lock(f"klink:guesses:{key}")

    def _log(self, subject: _Subject, address: str, now_ms: int, wait_s: int) -> None:
        """Tell whoever reads the log, once a minute for a subject."""
        minute, row = now_ms // 60_000, self._who(self._of.subject, self._name(subject))
        with self._mutex:
            if self._logged.get(row) == minute:
                return
            self._logged[row] = minute
            self._logged.move_to_end(row)
            if len(self._logged) > _LOGGED_SUBJECTS:
                self._logged.popitem(last=False)
        log.warning(
            "too many guesses of %s; the last from %s, told to wait %d s",
            self._warning.replace("%s", str(subject)),
            truncate(address) or "an unknown address",
            wait_s,
        )


class Guesses(_Counter[int]):
    """Counts tries at links' passwords, by the links' numbers.

    Whoever has many addresses meets the link's own count: after 50 tries that failed everybody
    waits, up to a minute. Each minute without a try forgives one.

    :param secret: the server's.
    """

    def __init__(self, secret: bytes) -> None:
        super().__init__(secret, "guesses", _OF_LINKS, "the password of link %s")


class SignInGuesses(_Counter[str]):
    """Counts tries at users' passwords, by the e-mail that was given, known or not.

    As for links: whoever has many addresses meets the user's own count, with 50 free and waits up
    to a minute. The log does not say who: some type a password where the e-mail belongs.

    :param secret: the server's.
    :ivar known: counts the tries of browsers that are known as the user's, each for itself.
    """

    def __init__(self, secret: bytes) -> None:
        super().__init__(secret, "guesses at sign-in", _OF_USERS, "a user's password")
        self.known = KnownGuesses(secret)

    def _name(self, subject: str) -> str:
        return subject.strip().lower()


class KnownGuesses(_Counter[str]):
    """Counts tries by a browser in which the user has signed in before, by the e-mail.

    Five are free, as for an address; what others try makes it wait for nothing. In place of an
    address stands the browser's name (:mod:`klink.core.known_browsers`).

    :param secret: the server's.
    """

    def __init__(self, secret: bytes) -> None:
        super().__init__(secret, "guesses of known browsers", _OF_USERS, "a user's password")

    def _rules(self, subject: str, address: str) -> dict[str, _Rule]:
        return {self._who(self._of.guesser, f"{subject.strip().lower()} {address}"): _GUESSER}

    def _lock(self, rules: Mapping[str, _Rule]) -> None:
        for key in rules:
            lock(f"klink:guesses:{key}")


class CodeGuesses(_Counter[str]):
    """Counts tries at the codes of users' second factors, by the users' ids.

    From ever new addresses ten are free, then everybody waits, up to a quarter of an hour: no more
    than 400 tries a day, by somebody who knows the password.

    :param secret: the server's.
    """

    def __init__(self, secret: bytes) -> None:
        super().__init__(secret, "guesses of codes", _OF_CODES, "a user's second factor")


def prune(now: datetime, *, limit: int = 1_000) -> int:
    """Delete what is forgotten, and the oldest of what is too much, at most ``limit`` rows.

    :returns: how many.
    """
    now_ms = to_ms(now)
    with write():
        if gone := _delete_oldest(now_ms - _FORGOTTEN_S * 1000, limit):
            return gone
        ahead = Guess.select(Guess.who).where(Guess.at > now_ms + _FORGOTTEN_S * 1000).limit(limit)
        if gone := int(Guess.delete().where(Guess.who.in_(ahead)).execute()):
            return gone  # written by a clock that was wrong
        newest = Guess.select(Guess.at).order_by(Guess.at.desc()).offset(MOST).limit(1).tuples()
        beyond = newest.first()
        return 0 if beyond is None else _delete_oldest(to_ms(beyond[0]), limit)


def _sweep(now_ms: int) -> None:
    """Delete a few rows that are forgotten, so that tries make room for themselves."""
    _delete_oldest(now_ms - _FORGOTTEN_S * 1000, _SWEPT)


def _delete_oldest(until_ms: int, limit: int) -> int:
    old = Guess.select(Guess.who).where(Guess.at <= until_ms).order_by(Guess.at).limit(limit)
    return int(Guess.delete().where(Guess.who.in_(old)).execute())


def _wait_s(rules: Mapping[str, _Rule], now_ms: int) -> int:
    found = _found(rules)
    wait_ms = max(found.get(key, _NONE).wait_ms(rule, now_ms) for key, rule in rules.items())
    return math.ceil(wait_ms / 1000) if wait_ms > 0 else 0


def _found(keys: Iterable[str]) -> dict[str, _Tries]:
    condition, value = rows.among("who", list(keys))
    with read():
        found = rows.all_of(f"SELECT who, tries, at FROM guesses WHERE {condition}", value)  # noqa: S608 - own
    return {who: _Tries(number, at_ms) for who, number, at_ms in found}


def _count(rules: Mapping[str, _Rule], now_ms: int) -> None:
    found = _found(rules)
    for key, rule in rules.items():
        _store(key, found.get(key, _NONE).next(rule, now_ms))


def _take_back(rules: Mapping[str, _Rule]) -> None:
    """Undo a try and the wait after it; the one before it is over."""
    for key, (number, at_ms) in _found(rules).items():
        if number > 1:
            _store(key, _Tries(number - 1, at_ms - rules[key].pause_ms(number - 1)))
        else:
            Guess.delete().where(Guess.who == key).execute()


def _store(key: str, tries: _Tries) -> None:
    rows.run(
        "INSERT INTO guesses (who, tries, at) VALUES (?, ?, ?) "
        "ON CONFLICT (who) DO UPDATE SET tries = excluded.tries, at = excluded.at",
        key,
        tries.number,
        tries.at_ms,
    )
