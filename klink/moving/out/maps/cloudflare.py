"""A list for Cloudflare's Bulk Redirects: CSV without a header, as its dashboard imports it.

Columns: source URL, target URL, status, preserve query string, include subdomains, subpath
matching, preserve path suffix.
"""

from __future__ import annotations

import csv
import io
import re

from klink.moving.out.maps.redirects import Redirect
from klink.moving.out.maps.syntax import Facts, Host

# A spreadsheet that separates by semicolons would take what follows for a formula; a mark before
# it, as other tables have, would change where the link leads.
_FORMULA = re.compile(r";(?=[=+\-@])")


class Cloudflare:
    """Cloudflare."""

    def __init__(self) -> None:
        self._name = ""

    def begin(self, facts: Facts) -> str:  # noqa: ARG002 - it has no comments
        """Nothing."""
        return ""

    def host(self, host: Host) -> str:
        """Nothing; the host is in each source URL."""
        self._name = host.name
        return ""

    def redirect(self, redirect: Redirect) -> str:
        """A row. Without a scheme, the source URL stands for both."""
        target = _FORMULA.sub("%3B", redirect.to)
        line = io.StringIO()
        preserve = "TRUE" if redirect.adds_query else "FALSE"
        source = f"{self._name}/{redirect.slug}"
        csv.writer(line).writerow(
            [source, target, redirect.status, preserve, "FALSE", "FALSE", "FALSE"]
        )
        return line.getvalue()

    def left_out(self, slug: str, why: str) -> str:  # noqa: ARG002 - it has no comments
        """Nothing."""
        return ""

    def end_host(self) -> str:
        """Nothing."""
        return ""

    def end(self) -> str:
        """Nothing."""
        return ""
