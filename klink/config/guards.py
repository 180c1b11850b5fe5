"""The sections of the configuration that say what links are guarded by."""

from __future__ import annotations

from dataclasses import dataclass, field

from klink.config.kinds import HTTP_URL, SERVICE_KEY, word
from klink.config.setting import about

CAPTCHAS = ("altcha", "turnstile", "none")
"""What a preview page may ask of its visitors."""


@dataclass(frozen=True, slots=True)
class Captcha:
    """What forms ask of strangers before they do anything (klookup U10)."""

    provider: str = field(
        metadata=about(
            "altcha",
            word(CAPTCHAS),
            "Who asks: klink itself by a proof of work, Cloudflare's Turnstile, or nobody",
        )
    )
    turnstile_site_key: str = field(
        metadata=about("", SERVICE_KEY, "The public key of your Turnstile widget")
    )
    turnstile_secret: str = field(
        repr=False,
        metadata=about("", SERVICE_KEY, "Its secret key; stays on this server", secret=True),
    )
    turnstile_verify_url: str = field(
        metadata=about(
            "https://challenges.cloudflare.com/turnstile/v0/siteverify",
            HTTP_URL,
            "Who says whether a visitor has passed Turnstile",
        )
    )
