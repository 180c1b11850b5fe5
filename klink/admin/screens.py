"""Screens: what the admin page answers, and who may see or do it.

Every view is registered through :class:`Screens` with what it needs, so nothing is reachable that
nobody thought about; a test walks the table with every role.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from flask import Response

__all__ = ["MAX_FORM", "Need", "Screen", "Screens"]

Need = Literal["anybody", "person", "read", "create", "update", "delete", "manager", "operator"]
"""``anybody``: also who is not signed in; ``person``: whoever is. The scopes of the API ask the
role in the workspace that is looked at; ``manager`` is its owners and admins; ``operator`` is who
runs the server (:class:`klink.core.sessions.SignedIn`)."""

MAX_FORM = 256 * 1024
"""Bytes that a form may have."""

View = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class Screen:
    """A view with its place.

    :ivar rule: below ``/admin``, as Flask's routing has it.
    :ivar takes: bytes that its form may have.
    """

    rule: str
    methods: tuple[str, ...]
    needs: Need
    view: View
    takes: int = MAX_FORM

    @property
    def name(self) -> str:
        """The endpoint: ``admin.`` and this."""
        return self.view.__name__


class Screens:
    """The screens of one module."""

    def __init__(self) -> None:
        self.all: list[Screen] = []

    def at(
        self, rule: str, *methods: str, needs: Need, takes: int = MAX_FORM
    ) -> Callable[[View], View]:
        """Register a view; without methods it answers GET.

        :param needs: who may.
        :param takes: bytes that its form may have.
        """

        def register(view: View) -> View:
            self.all.append(Screen(rule, methods or ("GET",), needs, view, takes))
            return view

        return register
