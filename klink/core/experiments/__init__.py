"""Experiments: what is known of a link's variants, and when one of them has won.

Pure: counts go in, figures and a verdict come out. ``bayes`` makes the figures that a person
reads, ``sequential`` and ``ratio`` the two tests that decide, ``decide`` puts these together,
and ``judge`` says it all, with the reason in words. docs/experiments.md tells users why.
"""

from __future__ import annotations

from klink.core.experiments.decide import decide
from klink.core.experiments.judge import judge
from klink.core.experiments.model import (
    Decision,
    Judgement,
    Rules,
    Standing,
    VariantData,
    VariantFigures,
    Verdict,
)

__all__ = [
    "Decision",
    "Judgement",
    "Rules",
    "Standing",
    "VariantData",
    "VariantFigures",
    "Verdict",
    "decide",
    "judge",
]
