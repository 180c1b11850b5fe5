"""The second factor: codes that count once, recovery codes, and no secret in the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest

from klink.core import errors, second_factor, users
from klink.core.context import Context
from klink.core.principal import Principal
from klink.db.models import Audit, User
from tests.core.conftest import NOW, World
from tests.dialects.house import at_once


class Phone:
    """An authenticator app, with the secret as it was shown."""

    def __init__(self, secret: str) -> None:
        self._totp = pyotp.TOTP(secret)

    def code(self, at: datetime = NOW) -> str:
        return self._totp.at(at)


@pytest.fixture
def me(owner: Principal) -> int:
    return owner.user_id or 0


@pytest.fixture
def phone(ctx: Context, me: int) -> Phone:
    """The owner's, with the second factor on."""
    enrolment = second_factor.begin(ctx, me)
    made = Phone(enrolment.secret)
    second_factor.confirm(ctx, me, enrolment.nonce, made.code())
    return made


def later(world: World, **by: float) -> Context:
    return world.later(timedelta(**by))


def test_an_app_is_given_a_secret_that_is_stored_nowhere(ctx: Context, me: int) -> None:
    first, second = second_factor.begin(ctx, me), second_factor.begin(ctx, me)
    assert first.secret != second.secret
    assert len(first.secret) == 32
    uri = urlsplit(first.uri)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert "owner@localhost" in unquote(uri.path)
    assert parse_qs(uri.query)["secret"] == [first.secret]
    assert second_factor.begin(ctx, me, first.nonce) == first
    assert not second_factor.is_on(users.get(me))
    second_factor.confirm(ctx, me, first.nonce, Phone(first.secret).code())
    assert second_factor.is_on(users.get(me))
    assert first.secret not in str(list(User.select().tuples()))


def test_another_user_or_server_has_another_secret(
    ctx: Context, me: int, teammate: Principal
) -> None:
    mine = second_factor.begin(ctx, me)
    elsewhere = replace(ctx, settings=replace(ctx.settings, secret=b"t" * 32))
    assert second_factor.begin(ctx, teammate.user_id or 0, mine.nonce).secret != mine.secret
    assert second_factor.begin(elsewhere, me, mine.nonce).secret != mine.secret


@pytest.mark.parametrize("code", ["", "000000", "12345", "１２３４５６", "x" * 100_000])
def test_only_the_code_of_now_switches_it_on(ctx: Context, me: int, code: str) -> None:
    enrolment = second_factor.begin(ctx, me)
    assert Phone(enrolment.secret).code() != code
    with pytest.raises(errors.ValidationFailed) as caught:
        second_factor.confirm(ctx, me, enrolment.nonce, code)
    assert list(caught.value.errors) == ["code"]
    with pytest.raises(errors.ValidationFailed):
        second_factor.confirm(ctx, me, "no nonce", Phone(enrolment.secret).code())
    assert not second_factor.is_on(users.get(me))


def test_it_is_not_switched_on_twice(ctx: Context, me: int, phone: Phone) -> None:
    enrolment = second_factor.begin(ctx, me)
    with pytest.raises(errors.Conflict):
        second_factor.confirm(ctx, me, enrolment.nonce, Phone(enrolment.secret).code())


def test_codes_of_thirty_seconds_before_and_after_count_too(
    world: World, me: int, phone: Phone
) -> None:
    for minutes, off_s, counts in ((10, 0, True), (20, -30, True), (30, 30, True), (40, 60, False),
                                   (50, -60, False), (60, 3600, False)):  # fmt: skip
        then = later(world, minutes=minutes)
        code = phone.code(then.now + timedelta(seconds=off_s))
        assert second_factor.check(then, me, code) is counts


def test_a_code_counts_once_and_none_of_before_it_counts(
    world: World, me: int, phone: Phone
) -> None:
    assert not second_factor.check(world.ctx, me, phone.code())  # it has switched it on
    then = later(world, minutes=5)
    code = phone.code(then.now)
    assert second_factor.check(then, me, f" {code[:3]} {code[3:]} ")
    assert not second_factor.check(then, me, code)
    assert not second_factor.check(later(world, minutes=5, seconds=20), me, code)
    assert not second_factor.check(then, me, phone.code(then.now - timedelta(seconds=30)))
    assert second_factor.check(then, me, phone.code(then.now + timedelta(seconds=30)))


def test_a_code_that_many_send_at_once_counts_once(world: World, me: int, phone: Phone) -> None:
    then = later(world, minutes=5)
    code = phone.code(then.now)
    found = at_once([lambda: second_factor.check(then, me, code)] * 8)
    assert sorted(found) == [False] * 7 + [True]


def test_recovery_codes_stand_in_once_each(world: World, me: int) -> None:
    ctx = world.ctx
    enrolment = second_factor.begin(ctx, me)
    codes = second_factor.confirm(ctx, me, enrolment.nonce, Phone(enrolment.secret).code())
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert second_factor.recovery_codes_left(me) == 10
    stored = str(list(User.select().tuples()))
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)
    assert second_factor.check(ctx, me, codes[0])
    assert not second_factor.check(ctx, me, codes[0])
    assert second_factor.check(ctx, me, codes[1].upper().replace("-", " "))
    assert not second_factor.check(ctx, me, "aaaa-aaaa-aaaa")
    assert second_factor.recovery_codes_left(me) == 8
    assert Audit.select().where(Audit.action == "user.recovery_code").count() == 2
    assert not any(codes[0] in entry.details for entry in Audit.select())


def test_a_recovery_code_that_many_send_at_once_counts_once(ctx: Context, me: int) -> None:
    enrolment = second_factor.begin(ctx, me)
    codes = second_factor.confirm(ctx, me, enrolment.nonce, Phone(enrolment.secret).code())
    found = at_once([lambda: second_factor.check(ctx, me, codes[3])] * 8)
    assert sorted(found) == [False] * 7 + [True]
    assert second_factor.recovery_codes_left(me) == 9


@pytest.mark.parametrize("code", ["", "\0", "12 34", "０００００００", "a" * 100_000, "' OR 1=1"])
def test_whatever_is_typed_is_no_code(ctx: Context, me: int, phone: Phone, code: str) -> None:
    assert not second_factor.check(ctx, me, code)


def test_who_has_none_has_no_codes(ctx: Context, me: int) -> None:
    assert not second_factor.check(ctx, me, Phone(second_factor.begin(ctx, me).secret).code())
    with pytest.raises(errors.NotFound):
        second_factor.check(ctx, 999_999, "123456")


def test_it_is_switched_off_for_good(world: World, me: int, phone: Phone) -> None:
    second_factor.switch_off(world.ctx, me)
    second_factor.switch_off(world.ctx, me)  # a second time changes nothing
    then = later(world, minutes=5)
    assert not second_factor.is_on(users.get(me))
    assert not second_factor.check(then, me, phone.code(then.now))
    assert second_factor.recovery_codes_left(me) == 0
    [entry] = Audit.select().where(Audit.action == "user.second_factor_off")
    assert entry.user_id == me


def test_whoever_runs_the_server_can_switch_it_off(ctx: Context, me: int, phone: Phone) -> None:
    second_factor.reset(ctx, " Owner@localhost")
    assert not second_factor.is_on(users.get(me))
    with pytest.raises(errors.Conflict):
        second_factor.reset(ctx, "owner@localhost")
    with pytest.raises(errors.NotFound):
        second_factor.reset(ctx, "nobody@example.org")


def test_codes_are_those_of_the_rfc() -> None:
    """RFC 6238, appendix B, with its last six digits."""
    totp = pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    for at, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert totp.at(at) == code
