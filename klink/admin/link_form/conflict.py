"""Two people change one link: what the other has changed, and a form that keeps both."""

from __future__ import annotations

from dataclasses import dataclass

from klink.admin.forms import Form
from klink.admin.link_form.reading import changed_fields
from klink.admin.link_form.words import field_name

__all__ = ["Theirs", "merged"]


@dataclass(frozen=True, slots=True)
class Theirs:
    """A value that somebody else has changed meanwhile.

    :ivar is_mine: this form changes it, too, and would overwrite it.
    """

    name: str
    before: str
    now: str
    is_mine: bool


def merged(form: Form, before: Form, now: Form) -> tuple[Form, list[Theirs]]:
    """The form with what somebody else has changed, where it does not change that itself.

    :param before: the fields as the form was shown with.
    :param now: the fields as the link has them by now.
    """
    mine, theirs = changed_fields(form, before), changed_fields(now, before)
    values = {name: now.texts(name) for name in now.names() if _group(name) not in mine}
    known = {_group(name) for name in [*now.names(), *before.names()]}
    values |= {
        name: form.texts(name)
        for name in form.names()
        if _group(name) in mine or _group(name) not in known
    }
    told = [
        Theirs(field_name(name), _said(before, name), _said(now, name), name in mine)
        for name in sorted(theirs)
    ]
    return Form(values), told


def _group(name: str) -> str:
    """Which of the core's fields a field belongs to; all of routing is one."""
    first = name.partition(".")[0]
    return "routing" if first == "url" else first


def _said(form: Form, name: str) -> str:
    """A value in words, short."""
    if name == "routing":
        many = [sum(each.endswith(end) for each in form.names()) for end in (".label", ".use")]
        if not many[0]:
            return form.text("url")
        said = f"{many[0]} destination{'s' * (many[0] != 1)}"
        return f"{said}, {many[1]} rule{'s' * (many[1] != 1)}" if many[1] else said
    if name == "utm":
        given = [form.text(each) for each in sorted(form.names()) if each.startswith("utm.")]
        return ", ".join(filter(None, given)) or "none"
    text = ", ".join(form.texts(name))
    if name in ("is_active", "forward_query", "conversion_tracking", "auto_winner"):
        return "yes" if text else "no"
    return text.replace("T", " ") if name.endswith("_at") else text or "none"
