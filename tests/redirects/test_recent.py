"""What was used last stays, within the bytes that there are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from klink.redirects.recent import Recent


def of_ten(max_bytes: int = 100) -> Recent[str, str]:
    """Each entry takes ten bytes."""
    return Recent(max_bytes, lambda _key, _value: 10)


def test_what_was_put_is_there() -> None:
    recent = of_ten()
    recent.put("a", "A")
    assert (recent.get("a"), recent.peek("a"), len(recent), recent.bytes) == ("A", "A", 1, 10)
    recent.put("a", "B")
    assert (recent.get("a"), len(recent), recent.bytes) == ("B", 1, 10)
    recent.drop("a")
    assert (recent.get("a"), len(recent), recent.bytes) == (None, 0, 0)


def test_what_is_used_again_outlives_what_is_not() -> None:
    recent = of_ten()
    recent.put("kept", "x")
    recent.put("left", "x")
    for number in range(50):
        recent.put(str(number), "x")
        assert recent.get("kept") == "x"
        assert recent.bytes <= 100
    assert recent.get("left") is None


def test_the_last_half_of_the_room_is_always_there() -> None:
    recent = of_ten()
    for number in range(57):
        recent.put(str(number), "x")
    assert all(recent.get(str(number)) for number in range(52, 57))


def test_what_is_too_large_is_not_kept() -> None:
    recent: Recent[str, int] = Recent(100, lambda _, size: size)
    recent.put("a", 20)
    recent.put("a", 51)
    assert (recent.get("a"), recent.bytes) == (None, 0)


@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "get", "drop"]), st.integers(0, 12), st.integers(1, 40))
    )
)
def test_its_bytes_are_those_of_what_it_holds(steps: list[tuple[str, int, int]]) -> None:
    recent: Recent[int, int] = Recent(100, lambda _, size: size)
    held: dict[int, int] = {}
    for what, key, size in steps:
        if what == "put":
            recent.put(key, size)
            held[key] = size
        elif what == "drop":
            recent.drop(key)
            held.pop(key, None)
        else:
            assert recent.get(key) in (None, held.get(key))
        assert recent.bytes <= 100
    found = {key: value for key in held if (value := recent.get(key)) is not None}
    assert all(held[key] == value for key, value in found.items())
    recent.clear()
    assert (recent.bytes, len(recent)) == (0, 0)
