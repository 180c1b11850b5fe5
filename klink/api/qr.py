"""The QR code of a link's short URL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from flask import Response, request

from klink.api.links import living
from klink.api.resource import Resource
from klink.core import qr as core
from klink.core.qr import Style
from klink.web.fields import QueryWhole, Strict, Text
from klink.web.resource import header

SVG, PNG = "image/svg+xml", "image/png"
_KEPT = "private, max-age=300"
_COLOUR = "^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"
_USUAL = Style()
_HEADERS = {
    "ETag": header("Names the picture, for `If-None-Match`."),
    "Cache-Control": header("It may be kept for five minutes.", {"type": "string"}),
}

# Any: what a schema has read, by names and types that it knows.
Read = dict[str, Any]

blueprint = Resource("qr", "QR codes of short URLs.")


class QrQuery(Strict):
    """What the code looks like."""

    size = QueryWhole(
        metadata={
            "description": "Width and height in pixels.",
            "minimum": core.MIN_SIZE,
            "maximum": core.MAX_SIZE,
            "default": _USUAL.size,
        }
    )
    dark = Text(
        metadata={
            "description": "Colour of the squares, with or without `#` (`%23` in a URL).",
            "pattern": _COLOUR,
            "default": _USUAL.dark,
        }
    )
    light = Text(
        metadata={
            "description": "Colour of the ground, likewise, or `transparent`.",
            "pattern": f"{_COLOUR}|^{core.TRANSPARENT}$",
            "default": _USUAL.light,
        }
    )
    border = QueryWhole(
        metadata={
            "description": "The quiet zone, in modules; the standard asks for 4.",
            "minimum": 0,
            "maximum": core.MAX_BORDER,
            "default": _USUAL.border,
        }
    )
    error = Text(
        metadata={
            "description": "The least level of error correction.",
            "enum": list(core.ERRORS),
            "default": _USUAL.error,
        }
    )


@blueprint.at("/links/<link_id>/qr.svg")
@blueprint.query(QrQuery)
@blueprint.answers(200, content_type=SVG, description="The code.", headers=_HEADERS)
@blueprint.answers(304, description="As it was.")
def read_qr_svg(query: Read, link_id: str) -> Response:
    """Draw a link's QR code as SVG.

    Of its short URL. Colours that scanners cannot read are refused: `dark` must be darker than
    `light`, with a contrast of 3 : 1 at least.
    """
    return _picture("svg", core.svg, SVG, query, link_id)


@blueprint.at("/links/<link_id>/qr.png")
@blueprint.query(QrQuery)
@blueprint.answers(200, content_type=PNG, description="The code.", headers=_HEADERS)
@blueprint.answers(304, description="As it was.")
def read_qr_png(query: Read, link_id: str) -> Response:
    """Draw a link's QR code as PNG.

    As the SVG. The picture has exactly `size` pixels; what does not divide into whole pixels a
    module widens the quiet zone.
    """
    return _picture("png", core.png, PNG, query, link_id)


def _picture(
    kind: Literal["svg", "png"],
    draw: Callable[[str, Style], bytes],
    mimetype: str,
    query: Read,
    link_id: str,
) -> Response:
    style = Style(**query)
    url = living(link_id).short_url
    response = Response(draw(url, style), mimetype=mimetype)
    response.headers["Cache-Control"] = _KEPT
    response.set_etag(core.etag(url, style, kind))
    response.make_conditional(request)
    return response
