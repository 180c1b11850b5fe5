"""Slugs: the part of a short URL after the domain (contract: Slugs)."""

from __future__ import annotations

import re
import secrets
import string

from klink.core.errors import SlugReserved, ValidationFailed

__all__ = ["ANSWERED", "MAX_LENGTH", "RESERVED", "check_custom", "generate", "may_be_slug"]

MAX_LENGTH = 64
GENERATED_LENGTH = 7

_BASE62 = string.digits + string.ascii_letters
_SHAPE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")

# First path segments that the server answers, now or by contract (paths that visitors
# meet begin with `/_`, which is no slug). A new first segment anywhere goes in here first.
_ANSWERED = """
    admin api health klink klinky kliqs klookup login logout metrics qklnk ready setup static
"""

# Words that the server does not answer and still may not be slugs: ones that it may want
# later (a link that is in the way can never be moved), ones that browsers, crawlers and
# proxies ask for by themselves, and ones under which a stranger's link would look like
# the operator's own word ("/support", "/abuse"). Not here: what people like to call their
# campaigns (blog, demo, jobs, news, pricing, shop, test, ...).
_KEPT_BACK = """
    about abuse account accounts administrator assets auth authorize autoconfig autodiscover
    billing callback captcha cgi-bin contact cookies css dashboard dns docs error favicon
    forgot-password ftp graphql help hostmaster images img imap imprint index internal js
    keys legal localhost mail mailto manifest moderator mx no-reply noreply null oauth
    official openapi openid operator password pop3 postmaster privacy qr register report
    reset-password robots root saml scripts security server session sessions settings
    sign-in sign-up signin signout signup sitemap smtp spam sso staff status sudo superuser
    support swagger sysadmin system terms undefined user users verify webhook webhooks webmail
    webmaster well-known wp-admin wp-content wp-includes wp-login www xmlrpc
"""

ANSWERED = frozenset(_ANSWERED.split())
"""First path segments that the server answers itself; lower case."""

RESERVED = ANSWERED | frozenset(_KEPT_BACK.split())
"""What nobody may choose as a slug, in any case; here in lower case (contract: Slugs)."""


def generate() -> str:
    """Return a random slug of 7 base62 characters; the caller tries again on a collision."""
    while True:
        number = secrets.randbelow(len(_BASE62) ** GENERATED_LENGTH)  # one draw, not seven
        slug = ""
        for _ in range(GENERATED_LENGTH):
            number, digit = divmod(number, len(_BASE62))
            slug += _BASE62[digit]
        if slug.lower() not in RESERVED:
            return slug


def check_custom(text: str) -> str:
    """Return ``text`` when it may be a slug that someone chose.

    :raises ValidationFailed: on ``slug`` when its shape is wrong.
    :raises SlugReserved: for a reserved word, in any case.
    """
    if not 1 <= len(text) <= MAX_LENGTH:
        raise ValidationFailed({"slug": [f"must be 1 to {MAX_LENGTH} characters long"]})
    if not may_be_slug(text):
        raise ValidationFailed(
            {
                "slug": [
                    "may hold only letters A-Z and a-z, digits, '-' and '_', "
                    "and must start and end with a letter or digit"
                ]
            }
        )
    if text.lower() in RESERVED:
        raise SlugReserved(text)
    return text


def may_be_slug(text: str) -> bool:
    """Whether ``text`` has the shape of a slug; anything else needs no look-up."""
    return _SHAPE.fullmatch(text) is not None
