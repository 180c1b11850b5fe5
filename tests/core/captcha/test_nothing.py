"""U10, none: nothing is asked, and nothing else changes."""

from __future__ import annotations

from klink.core.captcha import Nothing, Verdict
from tests.core.conftest import NOW


def test_u10_without_a_captcha_every_form_passes() -> None:
    challenge = Nothing().challenge("preview", "7", NOW)
    assert (challenge.provider, challenge.hidden) == ("none", {})
    assert Nothing().check("preview", "7", {}, NOW, "") is Verdict.PASSED
