"""The running server."""

from __future__ import annotations

from collections.abc import Iterable

from klink import __version__
from klink.doctor.finding import CannotTell, Finding
from klink.doctor.scene import Scene

__all__ = ["server"]


def server(scene: Scene) -> Iterable[Finding]:
    """Whether what answers at ``server.listen`` is this klink, of this version."""
    listen = scene.config.server.listen
    if scene.server.state == "other":
        yield Finding("server-other", f"what answers at {listen} is not this klink")
        return
    if scene.server.state != "running":
        raise CannotTell("no server runs at server.listen")
    version = str(scene.server.facts.get("version"))[:40]
    if version != __version__:
        yield Finding(
            "server-version", f"the server at {listen} is klink {version}, this is {__version__}"
        )
