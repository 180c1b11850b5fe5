"""Which hosts may be claimed."""

from __future__ import annotations

from urllib.parse import urlsplit

from klink.core.context import Settings
from klink.core.dns_names import MAX_LENGTH, ascii_name
from klink.core.errors import ValidationFailed

__all__ = ["check_host", "is_base_host"]


def check_host(settings: Settings, text: str) -> str:
    """The host as it is kept: lower case, IDNs in punycode, no final dot.

    :raises ValidationFailed: on ``host``, when it cannot be a domain of a workspace.
    """
    name = ascii_name(text)
    if name is None:
        raise _refusal(
            f"must be a DNS name such as go.example.org, at most {MAX_LENGTH} characters, "
            "without scheme and port"
        )
    if name == "localhost" or name.endswith(".localhost"):
        raise _refusal("is this very machine, for whoever asks")
    if name == _base_name(settings):
        raise _refusal("is the server's own (server.base_url), which every workspace may use")
    if name in settings.office_hosts:
        raise _refusal("answers an API here ([dialects.hosts]), so it cannot serve links")
    return name


def is_base_host(settings: Settings, text: str) -> bool:
    """Whether a host is ``base_url``'s, written with its port or without."""
    return text.lower() in (settings.base_host, _base_name(settings))


def _base_name(settings: Settings) -> str:
    return (urlsplit(settings.base_url).hostname or "").removesuffix(".")


def _refusal(text: str) -> ValidationFailed:
    return ValidationFailed({"host": [text]})
