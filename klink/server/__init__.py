"""The HTTP server: waitress, with our own sockets, dispatchers, errors and end."""

from __future__ import annotations

from klink.server.listening import Address, CannotListen
from klink.server.server import IDENT, Server, ServerFigures

__all__ = ["IDENT", "Address", "CannotListen", "Server", "ServerFigures"]
