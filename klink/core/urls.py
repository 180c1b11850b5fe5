"""Destination URLs: which are allowed, what ``Location`` carries, what may be added.

Parsed by the WHATWG URL standard (``ada-url``), as the browsers that follow them do
(contract: URLs). The functions that add parameters work on a ``location``, the ASCII
serialisation that :func:`parse` returns. They only ever touch the text between the
first ``?`` and the ``#``, and add only percent-encoded ASCII there, so nothing that they
are given can change where it leads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus, unquote_to_bytes

import ada_url

from klink.core.errors import InvalidUrl
from klink.core.slugs import ANSWERED

__all__ = [
    "MAX_LENGTH",
    "UTM_NAMES",
    "ParsedUrl",
    "append_query",
    "clean_query",
    "host_of",
    "is_loop",
    "merge_utm",
    "own_authorities",
    "parse",
    "query_of",
    "query_pairs",
    "utm_of",
    "with_parameter",
]

MAX_LENGTH = 2048
"""Characters that the serialisation of a destination may have (contract: URLs)."""

MAX_FORWARDED = 8192
"""Characters up to which a forwarded query may let a location grow."""

UTM_NAMES = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")

_MAX_PAIRS = 100  # of a query that are looked at; a visitor pays nothing to send thousands
_MAX_SENT = 4 * MAX_LENGTH  # as sent it may be longer (dots, default port), not without end
_DEFAULT_PORTS = {"http:": 80, "https:": 443}
_START = re.compile(r"https?://(?=[^/\\])", re.IGNORECASE)
_PATH_BEGINS = re.compile(r"[/?#]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PARTS = ("href", "protocol", "hostname", "port", "pathname", "username", "password")

# What a WHATWG serialiser leaves as it is in a special URL's query, without "%", which is
# kept only where it begins an escape or stands for itself.
_QUERY_SAFE = "!$%&()*+,-./:;=?@[\\]^_`{|}~"


@dataclass(frozen=True, slots=True)
class ParsedUrl:
    """A URL that klink may redirect to.

    :ivar sent: the text as it was given, which is what is kept and shown.
    :ivar location: its WHATWG serialisation: ASCII, what ``Location`` carries.
    :ivar host: lower case, punycode, IPv6 in brackets.
    :ivar port: None when it is the scheme's own.
    :ivar path: the serialised path, percent-encoded, at least ``/``.
    """

    sent: str
    location: str
    host: str
    port: int | None
    path: str


def parse(text: str) -> ParsedUrl:
    """Parse a destination and refuse what klink never redirects to.

    The parser alone would drop tabs and newlines, trim spaces, guess slashes and read a
    backslash as one; whatever another reader of the same text could take for another
    host is refused here, since the text is kept and shown as sent.

    :raises InvalidUrl: with the reason in words.
    """
    _refuse_tricks(text)
    try:
        parts = ada_url.parse_url(text, _PARTS)
    except ValueError:
        raise InvalidUrl("not a valid URL") from None
    if parts["protocol"] not in _DEFAULT_PORTS:
        raise InvalidUrl("must begin with http:// or https://")
    if not parts["hostname"]:
        raise InvalidUrl("needs a host")
    if parts["username"] or parts["password"]:
        raise InvalidUrl("must not contain a user name or password")
    location = parts["href"]
    if len(location) > MAX_LENGTH:
        raise InvalidUrl(f"must be at most {MAX_LENGTH} characters long")
    if not location.isascii():
        raise InvalidUrl("not a valid URL")
    port = int(parts["port"]) if parts["port"] else None
    return ParsedUrl(text, location, parts["hostname"], port, parts["pathname"])


def _refuse_tricks(text: str) -> None:
    """Refuse what WHATWG would quietly repair, or what two parsers may read differently."""
    if not text:
        raise InvalidUrl("must not be empty")
    if len(text) > _MAX_SENT:
        raise InvalidUrl(f"must be at most {MAX_LENGTH} characters long")
    if _CONTROLS.search(text):
        raise InvalidUrl("must not contain control characters")
    if text != text.strip():
        raise InvalidUrl("must not begin or end with a space")
    if not text.isascii() and not _is_encodable(text):
        raise InvalidUrl("must not contain lone surrogates")
    start = _START.match(text)
    if start is None:
        raise InvalidUrl("must be an absolute URL that begins with http:// or https://")
    authority = _PATH_BEGINS.split(text[start.end() :], maxsplit=1)[0]
    if "@" in authority:
        raise InvalidUrl("must not contain a user name or password")
    if "\\" in authority:
        raise InvalidUrl("must not contain a backslash before its path")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def host_of(text: str) -> str:
    """The host of a URL that is kept as it was sent; '' for what is none any more."""
    try:
        return parse(text).host
    except InvalidUrl:  # the rules were others when it was stored
        return ""


def own_authorities(base_url: ParsedUrl, domains: Iterable[str]) -> frozenset[tuple[str, int]]:
    """Return the (host, port) pairs that lead to this server, for :func:`is_loop`.

    :param domains: hosts of the server's verified domains, without port.

    Behind a default port the other scheme's default port counts too: what answers there
    redirects to the first. A domain is reached as ``base_url`` is, or on 80 and 443.
    """
    _, port = _authority(base_url)
    ports = {80, 443} if port in (80, 443) else {port}
    pairs = {(_plain_host(base_url.host), number) for number in ports}
    for host in domains:
        pairs |= {(_plain_host(host), number) for number in (80, 443, port)}
    return frozenset(pairs)


def is_loop(
    parsed: ParsedUrl,
    *,
    own: Callable[[str, int], bool],
    path_is_ours: Callable[[str], bool],
) -> bool:
    """Whether a destination leads back to this server (contract: URLs, "refused as a loop").

    :param own: whether klink answers on this host (lower case, no final dot) and port;
        usually ``lambda *pair: pair in own_authorities(…)``.
    :param path_is_ours: whether this first path segment is an existing slug or the one
        being created; segments that klink itself answers are known here.

    The path is read as the server reads it: percent-decoded once, empty segments dropped.
    A slug is met at ``/slug`` and ``/slug/page``; the root and everything below a segment
    that klink answers is klink's own.
    """
    if not own(*_authority(parsed)):
        return False
    path = unquote_to_bytes(parsed.path).decode("utf-8", "replace")
    segments = [segment for segment in path.split("/") if segment]
    if not segments:
        return True
    first = segments[0]
    if first.startswith("_") or first.lower() in ANSWERED:
        return True
    return segments[1:] in ([], ["page"]) and path_is_ours(first)


def _authority(parsed: ParsedUrl) -> tuple[str, int]:
    default = 443 if parsed.location.startswith("https:") else 80
    return _plain_host(parsed.host), default if parsed.port is None else parsed.port


def _plain_host(host: str) -> str:
    return host.lower().rstrip(".")


def merge_utm(location: str, utm: Sequence[str | None]) -> str:
    """Add a link's UTM parameters to its destination (contract: qklnk Q15).

    One of the same name is replaced where it stands; other parameters, their order and
    the fragment stay; new ones go to the end in the order of :data:`UTM_NAMES`.

    :param utm: source, medium, campaign, content, term; None or '' is not set.
    """
    asked = [(name, value) for name, value in zip(UTM_NAMES, utm, strict=True) if value]
    return _with_parameters(location, asked) if asked else location


def with_parameter(location: str, name: str, value: str) -> str:
    """Set one parameter of a location: replaced where it stands, else appended.

    Asked for each redirect that is tracked, so a query that surely has no such name is not
    taken apart.
    """
    start, query, fragment = _split(location)
    if name in query or "%" in query:
        return _with_parameters(location, [(name, value)])
    joint = "&" if query else ""
    return f"{start}?{query}{joint}{_pair(name, value)}{fragment}"


def _with_parameters(location: str, asked: Sequence[tuple[str, str]]) -> str:
    """Set parameters in a location's query; a second one of the same name is dropped."""
    start, query, fragment = _split(location)
    waiting = dict(asked)
    known = set(waiting)
    pieces: list[str] = []
    for piece in query.split("&") if query else ():
        name = _decoded_name(piece)
        if name not in known:
            pieces.append(piece)
        elif name in waiting:
            pieces.append(_pair(name, waiting.pop(name)))
    pieces += [_pair(name, value) for name, value in waiting.items()]
    return f"{start}?{'&'.join(pieces)}{fragment}"


def append_query(location: str, query: str) -> str:
    """Forward a request's parameters to a location that does not have them already.

    Whole parameters that would let the location grow beyond :data:`MAX_FORWARDED`
    characters are left out.

    :param query: as it came, without ``?``, one character per byte (as in WSGI);
        anything may be in it, the result is clean ASCII with the location's own host.
    """
    if not query:
        return location
    start, own, fragment = _split(location)
    taken = {_decoded_name(piece) for piece in own.split("&")} if own else set()
    pieces = [own] if own else []
    room = MAX_FORWARDED - len(location)
    for piece in clean_query(query).split("&"):
        if piece and _decoded_name(piece) not in taken:
            room -= len(piece) + 1
            if room < 0:
                break
            pieces.append(piece)
    if not pieces:
        return location
    return f"{start}?{'&'.join(pieces)}{fragment}"


def clean_query(query: str) -> str:
    """Return a raw query as ASCII that may stand between ``?`` and ``#`` of any URL."""
    return quote(_raw_bytes(query), safe=_QUERY_SAFE)


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Return the decoded names and values of a raw query, in order.

    Decoded as HTML forms are: ``+`` is a space, bytes are UTF-8, what is no UTF-8
    becomes U+FFFD. What comes after the hundredth ``&`` is not looked at.
    """
    pairs = []
    for piece in clean_query("&".join(query.split("&", _MAX_PAIRS)[:_MAX_PAIRS])).split("&"):
        if piece:
            name, _, value = piece.partition("=")
            pairs.append((unquote_plus(name), unquote_plus(value)))
    return pairs


def utm_of(query: str) -> tuple[str | None, ...]:
    """Return the five UTM values of a raw query, in the order of :data:`UTM_NAMES`."""
    if "utm_" not in query and "%" not in query:
        return (None,) * len(UTM_NAMES)
    found: dict[str, str] = {}
    for name, value in query_pairs(query):
        if value:
            found.setdefault(name, value)
    return tuple(found.get(name) for name in UTM_NAMES)


def query_of(location: str) -> str:
    """Return a location's own query, without ``?``."""
    return _split(location)[1]


def _split(location: str) -> tuple[str, str, str]:
    """Split into what precedes ``?``, the query, and the fragment with its ``#``."""
    rest, mark, fragment = location.partition("#")
    start, _, query = rest.partition("?")
    return start, query, mark + fragment


def _decoded_name(piece: str) -> str:
    name = piece.partition("=")[0]
    return unquote_plus(name) if "%" in name or "+" in name else name


def _pair(name: str, value: str) -> str:
    return f"{_quoted(name)}={_quoted(value)}"


def _quoted(text: str) -> str:
    """A text as a part of a query; most are words, which need no quoting and its time."""
    if text.isascii() and text.isidentifier():
        return text
    return quote(text, safe="", errors="replace")


def _raw_bytes(query: str) -> bytes:
    """Bytes of a query that came as one character per byte, or as real text by mistake."""
    try:
        return query.encode("latin-1")
    except UnicodeEncodeError:
        return query.encode("utf-8", "replace")
