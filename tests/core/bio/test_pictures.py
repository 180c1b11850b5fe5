"""Pictures: what is taken, what is kept of it, and what never comes through."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core.bio import MAX_BYTES, MAX_SIDE
from klink.core.bio.pictures import CleanPicture, cleaned
from klink.core.errors import ValidationFailed
from tests.core.bio.files import (
    PNG_SIGNATURE,
    chunk,
    exif,
    jpeg,
    png,
    riff,
    segment,
    webp,
)

HTML = b"<html><script>alert(1)</script></html>"
ZIP = b"PK\x03\x04 and more"


def refusal(data: bytes) -> str:
    with pytest.raises(ValidationFailed) as caught:
        cleaned(data)
    assert list(caught.value.errors) == ["picture"]
    return caught.value.errors["picture"][0]


def size(picture: CleanPicture) -> tuple[str, int, int]:
    return picture.type, picture.width, picture.height


def test_png_jpeg_and_webp_are_told_by_their_bytes():
    assert size(cleaned(png(3, 2))) == ("image/png", 3, 2)
    assert size(cleaned(jpeg(16, 8))) == ("image/jpeg", 16, 8)
    assert size(cleaned(webp(5, 7))) == ("image/webp", 5, 7)
    lossy = b"\x10\x00\x00\x9d\x01\x2a" + struct.pack("<HH", 40, 30) + b"rest"
    assert size(cleaned(riff((b"VP8 ", lossy)))) == ("image/webp", 40, 30)


@pytest.mark.parametrize("data", [png(3, 2), jpeg(), webp(5, 7)])
def test_what_holds_nothing_else_stays_as_it_is(data: bytes):
    assert cleaned(data).data == data
    assert cleaned(cleaned(data).data) == cleaned(data)


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\xef\xbb\xbf<?xml version='1.0'?><svg/>",
        b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)",
        b"BM" + b"\0" * 60,
        b"\0\0\0\x20ftypavif",
        HTML,
        b"%PDF-1.4",
        b"\x89PNG\n",
        b"RIFF\x04\0\0\0WAVE",
        HTML + png(),
    ],
)
def test_nothing_else_is_a_picture(data: bytes):
    assert refusal(data) == "must be a PNG, JPEG or WebP picture"


def test_no_file_is_told_apart_from_a_wrong_one():
    assert refusal(b"") == "choose a file"


def test_a_file_has_at_most_256_kib():
    filling = MAX_BYTES - len(png(1, 1, chunk(b"tEXt")))
    assert cleaned(png(1, 1, chunk(b"tEXt", b"x" * filling))).width == 1
    text = refusal(png(1, 1, chunk(b"tEXt", b"x" * (filling + 1))))
    assert text == "may have at most 256 KiB; make it smaller"


@pytest.mark.parametrize("make", [png, jpeg, webp])
def test_a_side_has_at_most_2000_pixels(make):
    assert cleaned(make(MAX_SIDE, MAX_SIDE)).width == MAX_SIDE
    assert "it has 2001 x 1" in refusal(make(MAX_SIDE + 1, 1))
    assert "it has 1 x 2001" in refusal(make(1, MAX_SIDE + 1))


def test_a_bomb_is_refused_by_what_it_says_of_its_size():
    assert "2000 pixels" in refusal(png(2**31 - 1, 2**31 - 1))
    assert "2000 pixels" in refusal(jpeg(65535, 65535))
    assert "2000 pixels" in refusal(webp(16384, 16384))
    assert "2000 pixels" in refusal(png(0, 5))
    assert "2000 pixels" in refusal(jpeg(5, 0))


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME", b"acTL", b"fdAT"])
def test_of_a_png_only_the_picture_is_kept(kind: bytes):
    assert cleaned(png(3, 2, chunk(kind, HTML))).data == png(3, 2)


def test_what_decides_colours_stays_in_a_png():
    told = png(3, 2, chunk(b"gAMA", b"\0\0\xb1\x8f"), chunk(b"sRGB", b"\0"))
    assert cleaned(told).data == told


@pytest.mark.parametrize("tail", [HTML, ZIP, png()])
def test_what_hides_behind_the_end_goes(tail: bytes):
    assert cleaned(png(3, 2, after=tail)).data == png(3, 2)
    assert cleaned(jpeg(8, 8, after=tail)).data == jpeg(8, 8)
    assert cleaned(webp(3, 2) + tail).data == webp(3, 2)


@pytest.mark.parametrize(
    "part",
    [
        segment(0xFE, HTML),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + HTML),
        segment(0xE5, HTML),
        segment(0xED, b"Photoshop 3.0\0" + HTML),
        segment(0xE0, b"JFXX\0" + HTML),
        segment(0xE2, b"MPF\0" + HTML),
        segment(0xEE, HTML),
        exif(),
    ],
)
def test_of_a_jpeg_only_the_picture_is_kept(part: bytes):
    assert cleaned(jpeg(8, 8, part)).data == jpeg(8, 8)


def test_what_decides_colours_stays_in_a_jpeg():
    told = jpeg(8, 8, segment(0xE2, b"ICC_PROFILE\0\x01\x01profile"), segment(0xEE, b"Adobe\0d"))
    assert cleaned(told).data == told


def test_a_thumbnail_goes():
    start = b"JFIF\0\x01\x02\0\0\x48\0\x48"
    plain = jpeg(8, 8, segment(0xE0, start + b"\0\0"))
    assert cleaned(jpeg(8, 8, segment(0xE0, start + b"\x02\x02" + HTML))).data == plain
    assert cleaned(plain).data == plain


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_stays_upright_and_says_nothing_of_where_it_was_taken(
    orientation: int, order: str
):
    kept = cleaned(jpeg(8, 8, exif(orientation, order))).data
    assert b"GPS" not in kept
    if orientation == 1:
        assert kept == jpeg(8, 8)
    else:
        assert kept == jpeg(8, 8, exif(orientation, ">", b""))
    assert cleaned(kept).data == kept


@pytest.mark.parametrize(
    "body",
    [
        b"Exif\0\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        b"Exif\0\0XX*\0\x08\0\0\0",
        exif(9)[4:],
        exif(0)[4:],
    ],
)
def test_exif_that_makes_no_sense_goes(body: bytes):
    assert cleaned(jpeg(8, 8, segment(0xE1, body))).data == jpeg(8, 8)


def test_of_a_webp_only_the_picture_is_kept():
    told = webp(3, 2, (b"EXIF", HTML), (b"XMP ", HTML), (b"what", HTML), flags=0x0C)
    kept = cleaned(told).data
    assert b"script" not in kept
    assert kept[20] == 0  # its flags promise nothing that is not there
    assert cleaned(kept).data == kept


def test_what_moves_is_refused_or_stands_still():
    moving = webp(3, 2, (b"ANIM", b"\0" * 6), (b"ANMF", b"\0" * 30), flags=0x02)
    assert refusal(moving) == "must not move; choose a picture that stands still"
    frames = png(3, 2, chunk(b"acTL", b"\0" * 8), chunk(b"fcTL", b"\0" * 26))
    assert cleaned(frames).data == png(3, 2)


@pytest.mark.parametrize(
    "data",
    [
        PNG_SIGNATURE,
        PNG_SIGNATURE + chunk(b"IEND"),
        PNG_SIGNATURE + chunk(b"IHDR", b"\0" * 13) + chunk(b"IEND"),
        PNG_SIGNATURE + chunk(b"IHDR", b"\0" * 12) + chunk(b"IDAT") + chunk(b"IEND"),
        png(3, 2)[:-1],
        png(3, 2).replace(b"IDAT", b"IDAt"),
        png(3, 2, chunk(b"IHDR", b"\0" * 13)),
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9",
        jpeg()[:-2],
        jpeg()[:40],
        jpeg(8, 8, segment(0xC0, b"\x08\0\x08\0\x08\x01\x01\x11\0")),
        b"\xff\xd8" + segment(0xDB, b"x") + b"\xff\xd9",
        b"\xff\xd8\xff\xe1\xff\xff" + HTML,
        b"\xff\xd8\xff\xe1\0\0" + b"\xff\xd9",
        webp()[:-1],
        riff(),
        riff((b"VP8 ", b"\x10\0\0\x9d\x01")),
        riff((b"VP8 ", b"\x11\0\0\x9d\x01\x2a\x01\0\x01\0")),
        riff((b"VP8L", b"\x2e\0\0\0\0")),
        riff((b"VP8L", b"\x2f\0")),
        riff((b"VP8X", b"\0" * 10)),
    ],
)
def test_damaged_files_are_refused(data: bytes):
    assert refusal(data) == "is cut off or damaged; save it again"


def test_a_canvas_that_is_not_the_picture_s_is_refused():
    told = webp(3, 2, (b"EXIF", b""))
    assert "damaged" in refusal(told.replace(b"\x02\0\0\x01\0\0", b"\xff\xff\0\xff\xff\0"))


def test_a_png_for_telephones_alone_is_refused():
    assert "browsers do not show" in refusal(png(3, 2, chunk(b"CgBI", b"\0" * 4)))


def test_a_picture_s_name_is_that_of_its_bytes():
    assert cleaned(png(3, 2)).hash == cleaned(png(3, 2, chunk(b"tEXt", b"a"))).hash
    assert cleaned(png(3, 2)).hash != cleaned(png(2, 3)).hash
    assert len(cleaned(png()).hash) == 32


@given(st.sampled_from([png(9, 9), jpeg(8, 8, exif(6)), webp(9, 9, (b"EXIF", b"x"))]), st.data())
def test_whatever_is_done_to_a_file_it_is_a_picture_or_refused(data: bytes, draw: st.DataObject):
    changed = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 8))):
        at = draw.draw(st.integers(8, len(changed) - 1))
        changed[at] = draw.draw(st.integers(0, 255))
    cut = bytes(changed[: draw.draw(st.integers(1, len(changed)))])
    with contextlib.suppress(ValidationFailed):
        found = cleaned(cut)
        assert cleaned(found.data).data == found.data
