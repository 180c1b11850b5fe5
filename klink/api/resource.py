"""The native API's groups of endpoints: each request has a key of this door and is counted."""

from __future__ import annotations

from klink.web import limits, principal, resource

DIALECT = "klink"


class Resource(resource.Resource):
    """A group of endpoints that take a native key; unknown names are refused in what they read."""

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, description)
        self.before_request(_come_in)


def _come_in() -> None:
    principal.authenticate(DIALECT)
    limits.count()
