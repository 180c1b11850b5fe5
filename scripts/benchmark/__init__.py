"""The benchmark behind ``scripts/bench``: klink and nginx under the same load, as ratios."""
