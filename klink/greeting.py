"""What a start prints for the person who started it: where to go, and how to begin."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from klink import __version__
from klink.config import Config
from klink.core import keys, set_up
from klink.core.context import Context

__all__ = ["greet"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def greet(config: Config, ctx: Context, listening: Sequence[str]) -> None:
    """Say where the server is and, as long as nobody can use it, how to begin.

    :param listening: addresses with their ports.
    """
    addresses = [f"http://{address}" for address in listening]
    base_url = config.server.base_url.rstrip("/")
    lines = [f"klink {__version__} listens on {', '.join(addresses)}"]
    if base_url not in addresses:
        lines.append(f"Short URLs begin with {config.server.base_url}")
    if _is_for_itself_alone(config):
        lines.append(
            "Who comes by another name or address is refused (421): set server.base_url to the "
            "one that people use"
        )
    token = set_up.offer(ctx)
    if token is not None:
        # On a port that was chosen for this start alone, base_url leads nowhere.
        is_here = base_url in addresses or not _is_loopback(base_url)
        place = base_url if is_here else addresses[0]
        lines.append(f"Set up the admin page (once, within an hour): {place}/admin/setup/{token}")
        if not keys.all_of_them():
            lines.append(
                f"Or make an API key in another shell: {_klink(config)} keys create --name me"
            )
    with contextlib.suppress(OSError):  # nobody reads it
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


def _klink(config: Config) -> str:
    """What a person types to run a command on what this server serves."""
    option = f" --config {config.file}" if config.file else ""
    folder = "" if config.file else f"KLINK_DATA_DIR={shlex.quote(str(config.data_dir))} "
    return f"{folder}{_program()}{option}"


def _is_for_itself_alone(config: Config) -> bool:
    """Whether it listens for the network, but links are to begin with a loopback address."""
    is_everywhere = config.server.host in ("0.0.0.0", "::")  # noqa: S104 - nothing is bound here
    return is_everywhere and _is_loopback(config.server.base_url)


def _is_loopback(url: str) -> bool:
    return (urlsplit(url).hostname or "") in _LOOPBACK


def _program() -> str:
    """What a person here types for ``klink``: how it was started, when it is not on the PATH."""
    started = Path(sys.argv[0])
    is_hidden = started.name == "klink" and shutil.which("klink") is None
    return str(started) if is_hidden else "klink"
