"""The configuration: what it says that cannot be meant."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from klink.doctor.finding import Finding
from klink.doctor.scene import Scene

__all__ = ["configuration"]


def configuration(scene: Scene) -> Iterable[Finding]:
    """What the configuration, which could be read, says that cannot be meant."""
    config = scene.config
    for file in config.blocklist_files:
        if not file.is_file():
            yield Finding("file-missing", f"blocking.files: there is no file {file}")
    base = urlsplit(config.server.base_url)
    is_local = _is_local(base.hostname or "")
    if is_local and not _is_local(config.server.host):
        yield Finding(
            "base-url-local",
            f"server.listen is {config.server.listen}, and server.base_url is "
            f"{config.server.base_url}",
        )
    if base.scheme == "http" and not is_local and not _is_private(base.hostname or ""):
        yield Finding("base-url-http", f"server.base_url is {config.server.base_url}")
    for network in config.metrics.allow:
        if network.prefixlen == 0:
            yield Finding("metrics-open", f"[metrics] allow holds {network}")


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_private(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host
