"""Screens that show what was counted, and how figures, lists and spans are shown."""
