"""A map for nginx: a file to include in ``http``, and in its comments what a server needs.

nginx finds strings of a map without regard to their case; so slugs of which another one differs
by its case alone are regular expressions, of which there are few. A ``$`` begins a variable and
cannot be escaped; one that comes from ``geo``, which knows no variables, stands for it.
"""

from __future__ import annotations

from klink.core.links.fields import REDIRECT_STATUSES
from klink.moving.out.maps.redirects import LOST, Redirect
from klink.moving.out.maps.syntax import Facts, Host

_HEAD = """\
# Redirects of klink: {by}.
#
# Include this file in http, and in the server of your short URLs:
#
#     http {{
#         include {{this file}};
#         server {{
#             listen 443 ssl;
#             server_name {{the hosts of your short URLs}};
{returns}
#             return 404;
#         }}
#     }}
#
# If your configuration has the first two directives already, keep the larger numbers.

map_hash_max_size {max_size};
map_hash_bucket_size {bucket};

geo $klink_dollar {{ default "$"; }}
map $args $klink_more {{ "" ""; default "&$args"; }}
{statuses}

map $host$uri $klink_link {{
    default "";
"""
_RETURN = "#             if ($klink_{status}) {{ return {status} $klink_{status}; }}"
_STATUS = (
    'map $klink_link $klink_{status} {{ default ""; '
    '"~^{status} (?<klink_to_{status}>.+)$" $klink_to_{status}; }}'
)
_SMALLEST = 2048
_BUCKET = 512  # bytes: room for the longest host and slug, or for a dozen usual ones that meet
_LONGEST = 4000  # nginx refuses a configuration with a word of 4 KiB

_LITERAL = str.maketrans({".": "[.]", "[": "\\[", "]": "\\]"})  # all that a host has of its own
_QUERIES = {"?": "$is_args$args", "&": "$klink_more", "": "$args"}


class Nginx:
    """nginx, since 1.11."""

    def __init__(self) -> None:
        self._name = ""
        self._twins: frozenset[str] = frozenset()

    def begin(self, facts: Facts) -> str:
        """The directives before the map, and its first line."""
        return _HEAD.format(
            by=facts.by,
            returns="\n".join(_RETURN.format(status=each) for each in REDIRECT_STATUSES),
            statuses="\n".join(_STATUS.format(status=each) for each in REDIRECT_STATUSES),
            max_size=max(_SMALLEST, 1 << (2 * facts.most).bit_length()),
            bucket=_BUCKET,
        )

    def host(self, host: Host) -> str:
        """A comment; the host is in each key."""
        self._name, self._twins = host.name, host.twins
        return f"\n    # {host.address}\n"

    def redirect(self, redirect: Redirect) -> str | None:
        """A line of the map: the key, then the status and where to."""
        key = f"{self._name}/{redirect.slug}"
        if redirect.slug.lower() in self._twins:
            key = f"~^{key.translate(_LITERAL)}$"
        before, joint, after = (_text(part) for part in redirect.parts)
        query = _QUERIES[joint] if redirect.adds_query else ""
        notes = "".join(f"  # {LOST[word]}" for word in redirect.lost)
        value = f"{redirect.status} {before}{query}{after}"
        return f'    "{key}" "{value}";{notes}\n' if len(value) <= _LONGEST else None

    def left_out(self, slug: str, why: str) -> str:
        """A comment."""
        return f"    # left out: {slug} {why}\n"

    def end_host(self) -> str:
        """Nothing: all hosts are in one map."""
        return ""

    def end(self) -> str:
        """The map's last line."""
        return "}\n"


def _text(plain: str) -> str:
    """Characters of RFC 3986, as they stand in quotation marks."""
    return plain.replace("$", "${klink_dollar}")
