"""The kinds of values a setting can have: how each is read, and what it allows.

A kind's ``read`` takes what TOML gave and returns what klink works with, or raises
``ValueError``. Its ``from_text`` first makes of an environment variable's text what TOML
would have given.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from types import MappingProxyType
from typing import NamedTuple

import ada_url

Network = IPv4Network | IPv6Network

DURATION_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.(?!-)[A-Za-z0-9-]{1,63})*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{0,64}")
_PLAN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
# A raw "@" or "/" in a password makes a host, a port or a name of its rest, which logs show:
# so a raw "@" ends user and password only, and ports are digits. "?" and "#" harm nobody there.
_DATABASE_URL = re.compile(
    r"""sqlite:///[^?#\x00-\x1f\x7f]*[^/?#\x00-\x1f\x7f]
    | postgresql:// (?=[^\x00-\x20\x7f]+\Z)
      (?: [^@/]*@ )?
      (?: (?: [^@/?:,\[\]]* | \[[0-9A-Fa-f:.%]+\] ) (?: :[0-9]{0,5} )? (?: , | (?=[/?]|\Z) ) )+
      (?: [/?] [^@]* )?""",
    re.VERBOSE,
)
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_NO_HOST = re.compile(r"[\x00-\x20\x7f/?#@\\%]|:[0-9]*\Z")
# ASCII; a wildcard, or a slash after the host.
_PATTERN = re.compile(r"(?=[^*?/]*[*?/])(?!/)[\x21-\x7e]{1,255}")
MAX_EVENT_NAME = 255
DNS_PORT = 53


class Kind(NamedTuple):
    """One kind of value; ``allowed`` ends the sentence "allowed: …" of an error."""

    allowed: str
    read: Callable[[object], object]
    from_text: Callable[[str], object] = str


def whole(minimum: int, maximum: int) -> Kind:
    """A whole number from ``minimum`` to ``maximum``."""

    def read(value: object) -> int:
        if type(value) is not int or not minimum <= value <= maximum:  # a bool is an int too
            raise ValueError
        return value

    return Kind(f"a whole number from {minimum} to {maximum}", read, _number_from_text)


def duration(minimum_s: int, words: Mapping[str, float | None] | None = None) -> Kind:
    """A duration such as "15m" in seconds as a float, or one of ``words``."""
    known = dict(words or {})

    def read(value: object) -> float | None:
        text = _text(value)
        if text in known:
            return known[text]
        match = _DURATION.fullmatch(text)
        seconds = int(match[1]) * DURATION_UNITS_S[match[2]] if match else -1
        if not minimum_s <= seconds <= 36_500 * DURATION_UNITS_S["d"]:
            raise ValueError
        return float(seconds)

    also = "".join(f'"{word}", ' for word in known)
    return Kind(f'{also}a duration such as "2s", "15m", "24h", "400d", at least {minimum_s}s', read)


def word(known: Sequence[str]) -> Kind:
    """One of ``known``."""

    def read(value: object) -> str:
        return _known_word(_text(value), known)

    return Kind(_either(known), read)


def words_by_host(known: Sequence[str]) -> Kind:
    """A table from hosts, as a Host header has them but without port, to one of ``known``."""

    def read(value: object) -> Mapping[str, str]:
        if not isinstance(value, Mapping):
            raise ValueError("it must be a table")
        found: dict[str, str] = {}
        for text, each in value.items():
            if isinstance(each, Mapping):
                raise ValueError("a host stands in quotes, because of its dots")
            if (host := _host(text)) in found:
                raise ValueError(f"{host} is there twice")
            found[host] = _known_word(_text(each), known)
        return MappingProxyType(found)

    allowed = f"a table of hosts without port, each with {_either(known)}"
    return Kind(allowed, read, _table_from_text)


def _either(known: Sequence[str]) -> str:
    quoted = [f'"{each}"' for each in known]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _known_word(text: str, known: Sequence[str]) -> str:
    if text not in known:
        close = difflib.get_close_matches(text, known, n=1)
        raise ValueError(f"did you mean {close[0]}?" if close else "")
    return text


def _host(text: str) -> str:
    """The host as the URL standard writes it."""
    reason = f"{text[:80]!r} is no host without port"
    if _NO_HOST.search(text):
        raise ValueError(reason)
    try:
        host = ada_url.URL(f"http://{text}/").hostname.removesuffix(".")
    except ValueError:
        host = ""
    if not host:
        raise ValueError(reason)
    return str(host)


def split_listen(text: str) -> tuple[str, int]:
    """Host (without brackets) and port of ``host:port``; raises ``ValueError``."""
    host, _, port = text.rpartition(":")
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535:
        raise ValueError("the port is missing or no number up to 65535")
    if host.startswith("[") and host.endswith("]"):
        return str(IPv6Address(host[1:-1])), int(port)
    if ":" in host:
        raise ValueError(f"an IPv6 address stands in brackets: [{host}]:{port}")
    if re.fullmatch(r"[0-9.]+", host):
        return str(ip_address(host)), int(port)
    if not _HOST_NAME.fullmatch(host):
        raise ValueError("the host is missing or malformed")
    return host.lower(), int(port)


def join_listen(host: str, port: int) -> str:
    """``host:port`` as ``server.listen`` takes it, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def _number_from_text(text: str) -> object:
    return int(text) if re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text) else text


def _flag_from_text(text: str) -> object:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower(), text)


def _list_from_text(text: str) -> object:
    """A list in TOML's form (JSON's is the same), else texts between commas."""
    if not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tomllib.loads(f"list = {text}")["list"]
    except tomllib.TOMLDecodeError as error:
        raise ValueError(str(error)) from None


def _table_from_text(text: str) -> object:
    """An inline table as TOML has it, else ``name=value`` between commas."""
    if text.lstrip().startswith("{"):
        try:
            return tomllib.loads(f"table = {text}")["table"]
        except tomllib.TOMLDecodeError as error:
            raise ValueError(str(error)) from None
    found: dict[str, str] = {}
    for part in filter(str.strip, text.split(",")):
        name, is_pair, value = part.partition("=")
        if not is_pair:
            raise ValueError("write host=dialect, host=dialect")
        if (name := name.strip()) in found:
            raise ValueError(f"{name[:80]} is there twice")
        found[name] = value.strip()
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("it must be a text in quotes")
    return value


def _matching(pattern: re.Pattern[str]) -> Callable[[object], str]:
    def read(value: object) -> str:
        text = _text(value)
        if not pattern.fullmatch(text):
            raise ValueError
        return text

    return read


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _read_limit(value: object) -> int | None:
    if value == "unlimited":
        return None
    if type(value) is not int or not 1 <= value <= 10**12:  # a bool is an int too
        raise ValueError
    return value


def _read_path(value: object) -> str:
    text = _text(value)
    if re.search(r"[\x00-\x1f\x7f]", text) or text.startswith("~"):
        raise ValueError('"~" stays as it is: write the folder out' if "~" in text else "")
    return text


def _read_folder(value: object) -> str:
    if not (text := _read_path(value)):
        raise ValueError
    return text


def _read_listen(value: object) -> str:
    return join_listen(*split_listen(_text(value)))


def _read_base_url(value: object) -> str:
    """Scheme, host and port as the URL standard writes them, without a slash at the end."""
    text = _text(value)
    if _UNPRINTABLE.search(text) or not re.match(r"https?://", text, re.IGNORECASE):
        raise ValueError
    try:
        url = ada_url.URL(text)
    except ValueError:
        raise ValueError("the host or port is malformed") from None
    if url.username or url.password or url.pathname != "/" or re.search(r"[?#]", text):
        raise ValueError("only scheme, host and port")
    return url.href.removesuffix("/")


def _read_http_url(value: object) -> str:
    text = _text(value)
    if _UNPRINTABLE.search(text) or not re.match(r"https?://", text, re.IGNORECASE):
        raise ValueError
    try:
        url = ada_url.URL(text)
    except ValueError:
        raise ValueError("the host or port is malformed") from None
    if url.username or url.password or url.hash:
        raise ValueError("without a user, a password and #")
    return str(url.href)


def _read_download_url(value: object) -> str:
    """An address whose path and query may hold ``{year}`` and ``{month}``."""
    text = _text(value)
    _read_http_url(text.replace("{year}", "2026").replace("{month}", "01"))
    if "license_key=" in text:
        raise ValueError
    return text


def _read_networks(value: object) -> tuple[Network, ...]:
    if not isinstance(value, list):
        raise ValueError("it must be a list")
    return tuple(ip_network(_text(each)) for each in value)


def _read_nameservers(value: object) -> tuple[tuple[str, int], ...]:
    if not isinstance(value, list):
        raise ValueError("it must be a list")
    return tuple(_read_nameserver(_text(each)) for each in value)


def _read_nameserver(text: str) -> tuple[str, int]:
    try:
        return str(ip_address(text)), DNS_PORT
    except ValueError:
        host, port = split_listen(text)
    return str(ip_address(host)), port


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("it must be a list")
    return [_text(each) for each in value]


def _read_hosts(value: object) -> tuple[str, ...]:
    return tuple(_host(each.removeprefix("*.")) for each in _texts(value))


def _read_patterns(value: object) -> tuple[str, ...]:
    for each in _texts(value):
        if not _PATTERN.fullmatch(each):
            raise ValueError(f"{each[:80]!r} is none")
    return tuple(_texts(value))


def _read_files(value: object) -> tuple[str, ...]:
    return tuple(_read_folder(each) for each in _texts(value))


def _read_event_names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("it must be a list")
    names = tuple(_text(each) for each in value)
    if not all(1 <= len(each) <= MAX_EVENT_NAME and each.isprintable() for each in names):
        raise ValueError
    return names


FLAG = Kind("true or false", _read_flag, _flag_from_text)
FOLDER = Kind("the path of a folder", _read_folder)
OPTIONAL_FOLDER = Kind('the path of a folder, or ""', _read_path)
OPTIONAL_FILE = Kind('the path of a file, or ""', _read_path)
HEADER_NAME = Kind('the name of a header such as "CF-IPCountry", or ""', _matching(_HEADER_NAME))
LIMIT = Kind('a whole number from 1, or "unlimited"', _read_limit, _number_from_text)
PLAN_NAME = Kind("the name of a plan (small letters, digits, - and _)", _matching(_PLAN_NAME))
LISTEN = Kind('"host:port" such as "127.0.0.1:8080" or "[::1]:8080"', _read_listen)
BASE_URL = Kind('"http://host" or "https://host", with a port if need be', _read_base_url)
HTTP_URL = Kind('"https://host/path" or "http://host/path"', _read_http_url)
DOWNLOAD_URL = Kind(
    '"https://host/path", in which {year} and {month} stand for the present ones, without a user '
    "and a license_key (geoip.account and geoip.licence_key are for those)",
    _read_download_url,
)
SERVICE_KEY = Kind(
    'a key as its service shows it, or ""', _matching(re.compile(r"[\x21-\x7e]{0,255}"))
)
NETWORKS = Kind(
    'a list of addresses and networks such as ["10.0.0.0/8", "::1"]',
    _read_networks,
    _list_from_text,
)
NAMESERVERS = Kind(
    'a list of addresses such as ["9.9.9.9", "10.0.0.1:5353"]', _read_nameservers, _list_from_text
)
EVENT_NAMES = Kind(
    f'a list of texts of 1 to {MAX_EVENT_NAME} printable characters such as ["purchase"]',
    _read_event_names,
    _list_from_text,
)
HOSTS = Kind('a list of hosts such as ["bad.example", "203.0.113.9"]', _read_hosts, _list_from_text)
BRANDS = Kind(
    'a list of hosts and words such as ["example.com", "klink"]', _read_hosts, _list_from_text
)
PATTERNS = Kind(
    'a list of patterns in ASCII such as ["*.example/wp-login*"], of up to 255 characters each',
    _read_patterns,
    _list_from_text,
)
FILES = Kind('a list of files such as ["blocklists/hosts.txt"]', _read_files, _list_from_text)
DATABASE_URL = Kind(
    '"sqlite:///name.db", "sqlite:////absolute.db" or "postgresql://user:password@host/name" '
    '(with "@", ":" and "/" in user and password percent-encoded: "@" is "%40")',
    _matching(_DATABASE_URL),
)
