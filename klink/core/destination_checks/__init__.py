"""Whether what links lead to is there, and when visitors go to ``failover_url`` instead.

Three checks in a row that find a destination gone, broken or out of reach make it count as
down; one that finds it there again ends that. An answer that says neither (many sites refuse
robots) is no problem.
"""

from __future__ import annotations

from klink.core.destination_checks.answer import DOWN, Answer, Problem, answer_of, ask
from klink.core.destination_checks.decide import Decision, State, decide
from klink.core.destination_checks.due import Check, enrol, next_check
from klink.core.destination_checks.record import WORDS, record

__all__ = [
    "DOWN",
    "WORDS",
    "Answer",
    "Check",
    "Decision",
    "Problem",
    "State",
    "answer_of",
    "ask",
    "decide",
    "enrol",
    "next_check",
    "record",
]
