"""The QR code of a link: chosen, seen, taken along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from flask import Response, request, url_for

from klink.admin.forms import Form
from klink.admin.rendering import page
from klink.admin.screens import Screens
from klink.core import links, qr
from klink.core.errors import Gone, ValidationFailed
from klink.core.links import LinkView
from klink.core.qr import Style
from klink.web.parts import context
from klink.web.principal import principal

__all__ = ["screens"]

screens = Screens()

_KEPT = "private, max-age=300"
_USUAL = Style()
_LEVELS = [
    ("L", "L: 7 % may be unreadable"),
    ("M", "M: 15 %"),
    ("Q", "Q: 25 %"),
    ("H", "H: 30 %, for small prints and dirty places"),
]


@screens.at("/links/<uid>/qr", needs="read")
def link_qr(uid: str) -> Response:
    """The code with its form; the form asks for this page again, so that it works as it is."""
    link = _living(uid)
    form = Form.asked()
    style = _style(form)
    with form.catching():
        qr.check(link.short_url, style)
    values: dict[str, Any] = {  # Any: as Flask has the parameters of a URL
        "size": str(style.size),
        "dark": style.dark,
        "light": style.light,
        "border": str(style.border),
        "error": style.error,
    }
    kept = Form.of(
        {
            "size": form.text("size") or style.size,
            "dark": qr.colour(style.dark) or _USUAL.dark,
            "light": qr.colour(style.light) or _USUAL.light,
            "border": form.text("border") or style.border,
            "error": form.text("error") or style.error,
            "transparent": style.light == qr.TRANSPARENT,
        }
    )
    kept.errors = form.errors
    return page(
        "links/qr",
        title=f"QR code of /{link.slug}",
        at="links",
        link=link,
        form=kept,
        levels=_LEVELS,
        limits=qr,
        svg_href=url_for("admin.link_qr_svg", uid=uid, **values),
        png_href=url_for("admin.link_qr_png", uid=uid, **values),
    )


@screens.at("/links/<uid>/qr.svg", needs="read")
def link_qr_svg(uid: str) -> Response:
    """The code as SVG."""
    return _picture(uid, "svg", qr.svg, "image/svg+xml")


@screens.at("/links/<uid>/qr.png", needs="read")
def link_qr_png(uid: str) -> Response:
    """The code as PNG."""
    return _picture(uid, "png", qr.png, "image/png")


def _picture(
    uid: str,
    kind: Literal["svg", "png"],
    draw: Callable[[str, Style], bytes],
    mimetype: str,
) -> Response:
    url = _living(uid).short_url
    form = Form.asked()
    style = _style(form)
    if form.errors:
        raise ValidationFailed(form.errors)
    response = Response(draw(url, style), mimetype=mimetype)
    response.headers["Cache-Control"] = _KEPT
    response.set_etag(qr.etag(url, style, kind))
    response.make_conditional(request)
    return response


def _style(form: Form) -> Style:
    """What the form asks for; what is empty is as usual."""
    size, border = form.number("size"), form.number("border")
    light = qr.TRANSPARENT if form.flag("transparent") else form.text("light")
    return Style(
        size=_USUAL.size if size is None else size,
        dark=form.text("dark") or _USUAL.dark,
        light=light or _USUAL.light,
        border=_USUAL.border if border is None else border,
        error=form.text("error") or _USUAL.error,
    )


def _living(uid: str) -> LinkView:
    link = links.get(context(), principal(), uid)
    if link.deleted_at is not None:
        raise Gone
    return link
