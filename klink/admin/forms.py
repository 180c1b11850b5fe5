"""Forms: what was sent, and what is wrong with which field; nothing that was typed is lost.

The core decides what is right. Its errors name fields, so they find their place in the form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Self

from flask import request

from klink.admin.gate import BadForm
from klink.core.errors import Gone, KlinkError, NotAuthenticated, NotFound, ValidationFailed

__all__ = ["TOP", "Form"]

TOP = ""
"""The field of errors that belong to no field."""

_ELSEWHERE = (NotFound, Gone, NotAuthenticated, BadForm)
"""Errors that are no fault of what was typed: they have pages of their own."""


class Form:
    """The fields of a form with their values and errors.

    :ivar errors: field name to its messages.
    """

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = {name: list(each) for name, each in values.items()}
        self.errors: dict[str, list[str]] = {}

    @classmethod
    def sent(cls) -> Self:
        """What the current request has sent."""
        return cls(dict(request.form.lists()))

    @classmethod
    def asked(cls) -> Self:
        """What the current request's query says."""
        return cls(dict(request.args.lists()))

    @classmethod
    def of(cls, values: Mapping[str, object] | None = None) -> Self:
        """A form to show: None is an empty field, True a ticked one, a list many values."""
        shown: dict[str, list[str]] = {}
        for name, value in (values or {}).items():
            if value is None or value is False:
                continue
            many = value if isinstance(value, list | tuple) else [value]
            shown[name] = ["1" if each is True else str(each) for each in many]
        return cls(shown)

    def text(self, name: str) -> str:
        """The first value of a field without the space around it, '' when there is none."""
        return self.raw(name).strip()

    def raw(self, name: str) -> str:
        """The first value of a field as it was typed: for passwords, and to show it again."""
        return (self._values.get(name) or [""])[0]

    def texts(self, name: str) -> list[str]:
        """All values of a field."""
        return list(self._values.get(name, ()))

    def flag(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self._values.get(name))

    def number(self, name: str) -> int | None:
        """A whole number; None when the field is empty or, which is an error, is none."""
        text = self.text(name).replace(",", "").replace("\u202f", "")
        if not text:
            return None
        if not (text.isascii() and text.lstrip("-").isdecimal()) or len(text) > 18:
            self.refuse(name, "must be a whole number")
            return None
        return int(text)

    def names(self) -> list[str]:
        """The fields that have values."""
        return list(self._values)

    def refuse(self, name: str, text: str) -> None:
        """Put an error at a field."""
        self.errors.setdefault(name, []).append(text)

    def error(self, name: str) -> str:
        """What is wrong with a field, '' when nothing is."""
        return "; ".join(self.errors.get(name, ()))

    @contextmanager
    def catching(self, **fields: str) -> Iterator[None]:
        """Make errors of the core errors of fields.

        :param fields: which field has the error of this code, or of this field of the core's,
            when its name here is another (dots in names as ``__``).
        """
        try:
            yield
        except _ELSEWHERE:
            raise
        except ValidationFailed as error:
            for name, texts in error.errors.items():
                self.errors.setdefault(fields.get(name.replace(".", "__"), name), []).extend(texts)
        except KlinkError as error:
            self.refuse(fields.get(error.code, TOP), _sentence(str(error)))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")
