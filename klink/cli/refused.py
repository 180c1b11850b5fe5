"""How a command says no."""

from __future__ import annotations

import click


class Refused(click.ClickException):
    """The command cannot be done; its text is one line that says why and what to do."""
