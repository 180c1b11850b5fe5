from __future__ import annotations

import pytest

from klink.core.blocking import checking, entries
from klink.core.context import Context
from klink.core.errors import InsufficientRole, ValidationFailed
from klink.core.principal import Principal


def test_a_url_is_held_against_the_lists_of_the_workspace(
    ctx: Context, owner: Principal, stranger: Principal
):
    entries.add(ctx, owner, "host", "rival.example")
    found = checking.check(ctx, owner, "https://www.rival.example/x")
    assert found is not None
    assert found.words == "is blocked by this workspace's list of hosts"
    assert checking.check(ctx, owner, "https://friend.example/") is None
    assert checking.check(ctx, stranger, "https://rival.example/") is None


def test_what_no_link_may_lead_to_is_said_so(ctx: Context, owner: Principal, teammate: Principal):
    with pytest.raises(ValidationFailed) as refused:
        checking.check(ctx, owner, "javascript:alert(1)")
    assert list(refused.value.errors) == ["url"]
    with pytest.raises(InsufficientRole):
        checking.check(ctx, teammate, "https://rival.example/")
