"""The journal of clicks, and what the running server tells of counting them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from klink.doctor.finding import Finding
from klink.doctor.scene import Scene
from klink.stats.health import bytes_in_words, span_in_words

__all__ = ["journal"]

_LATE_S = 60.0


def journal(scene: Scene) -> Iterable[Finding]:
    """What was set aside, what is not this database's, and what the server has lost."""
    folder = scene.config.data_dir / "journal"
    aside = folder / "set-aside.jsonl"
    if aside.is_file() and (size := aside.stat().st_size):
        yield Finding("clicks-set-aside", f"{aside} holds {bytes_in_words(size)}")
    foreign = folder / "foreign"
    if foreign.is_dir() and (count := sum(1 for _ in foreign.iterdir())):
        yield Finding("journal-foreign", f"{count} segments in {foreign}")
    told = scene.server.facts.get("ledger")
    if isinstance(told, Mapping):
        yield from _counting(told)


def _counting(told: Mapping[str, object]) -> Iterable[Finding]:
    lag_s, lost, damaged = (_number(told, name) for name in ("lag_s", "lost", "damaged"))
    if lag_s > _LATE_S:
        yield Finding("ledger-behind", f"counting is {span_in_words(lag_s)} behind")
    if lost:
        yield Finding("clicks-lost", f"{lost:,.0f} clicks since the server's start")
    if damaged:
        yield Finding("journal-damaged", f"{damaged:,.0f} damaged places since the server's start")


def _number(told: Mapping[str, object], name: str) -> float:
    value = told.get(name)
    return float(value) if isinstance(value, int | float) else 0.0
