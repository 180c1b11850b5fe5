"""Whether links still stand on the pages that they are said to stand on (klookup U11).

A page that holds the link's slug verifies it. A page that is there and does not hold it, twice
with the grace between, ends the link. Whatever proves neither changes nothing.
"""

from __future__ import annotations

from klink.core.sites.checks import Check, next_check, record
from klink.core.sites.decide import Decision, State, decide
from klink.core.sites.outcome import Found, Outcome, look, outcome_of

__all__ = [
    "Check",
    "Decision",
    "Found",
    "Outcome",
    "State",
    "decide",
    "look",
    "next_check",
    "outcome_of",
    "record",
]
