"""A map for Caddy: a site for each host, in a file that is a Caddyfile, or imported by one."""

from __future__ import annotations

from klink.moving.out.maps.redirects import LOST, Redirect
from klink.moving.out.maps.syntax import Facts, Host

_HEAD = """\
# Redirects of klink: {by}.
#
# A site for each host. Import this file in your Caddyfile, or make it your Caddyfile:
#
#     import {{this file}}
"""
_SITE = """
{address} {{
	map {{path}} {{klink_status}} {{klink_to}} {{klink_joint}} {{klink_after}} {{
"""
# What a visitor sends is put in once, at the end: a placeholder in it is no placeholder there.
_END = """\
		default 404 "" "" ""
	}
	@klink_query expression `{klink_joint} != "" && {query} != ""`
	redir @klink_query "{klink_to}{klink_joint}{query}{klink_after}" {klink_status}
	@klink expression `{klink_to} != ""`
	redir @klink "{klink_to}{klink_after}" {klink_status}
	respond 404
}
"""


class Caddy:
    """Caddy, since 2.6."""

    def begin(self, facts: Facts) -> str:
        """Comments."""
        return _HEAD.format(by=facts.by)

    def host(self, host: Host) -> str:
        """The site's first lines."""
        return _SITE.format(address=host.address)

    def redirect(self, redirect: Redirect) -> str:
        """A line of the map. No character of a plain URL means anything in it, but braces do."""
        before, joint, after = redirect.parts
        if not redirect.adds_query:
            joint = ""
        elif not joint:  # its query waits for more, and an empty text means that none is added
            before, joint = before[:-1], before[-1]
        notes = "".join(f"\t\t# {redirect.slug}: {LOST[word]}\n" for word in redirect.lost)
        values = f'{redirect.status} "{before}" "{joint}" "{after}"'
        return f"{notes}\t\t/{redirect.slug} {values}\n"

    def left_out(self, slug: str, why: str) -> str:
        """A comment."""
        return f"\t\t# left out: {slug} {why}\n"

    def end_host(self) -> str:
        """What the site does with it."""
        return _END

    def end(self) -> str:
        """Nothing."""
        return ""
