"""The same of the dialects' descriptions, in a file of their own so that both may run at once."""

from __future__ import annotations

from typing import Any

import pytest

from klink.dialects import NAMES
from tests.live import test_descriptions as own
from tests.live.server import Server
from tests.live.test_descriptions import (
    keys,  # noqa: F401 - fixtures, and what is tested with them
    links,  # noqa: F401
    server,  # noqa: F401
    test_the_server_does_what_the_description_says,  # noqa: F401
)

pytestmark = pytest.mark.live


@pytest.fixture(params=NAMES)
def api(
    request: pytest.FixtureRequest,
    server: Server,  # noqa: F811
    keys: dict[str, str],  # noqa: F811
    links: list[dict[str, Any]],  # noqa: F811
) -> own.Api:
    return own.named(str(request.param), server, keys, links)
