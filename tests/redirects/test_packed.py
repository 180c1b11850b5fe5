"""A link that was packed is the same one when it is unpacked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from klink.core.compiled import CompiledLink, CompiledVariant, Condition, Rule
from klink.redirects.packed import pack, unpack

TEXT = st.text(max_size=30)
MOMENT = st.none() | st.integers(0, 2**45)
VARIANT = st.builds(CompiledVariant, st.integers(0, 2**60), TEXT, TEXT, st.integers(0, 100))
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
CONDITION = st.builds(
    Condition,
    country=TEXTS,
    device=TEXTS,
    query=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
    after_ms=MOMENT,
    weekday=st.lists(st.integers(1, 7), max_size=3).map(tuple),
    hours=st.none() | st.tuples(st.integers(0, 24), st.integers(0, 24)),
    timezone=TEXT,
)
LINK = st.builds(
    CompiledLink,
    id=st.integers(1, 2**60),
    workspace_id=st.integers(1, 2**60),
    slug=TEXT,
    type=st.sampled_from(["direct", "inpage"]),
    mode=st.sampled_from(["single", "split", "rules"]),
    status=st.sampled_from([301, 302, 307, 308]),
    variants=st.lists(VARIANT, max_size=3).map(tuple),
    rules=st.lists(st.builds(Rule, CONDITION, TEXT), max_size=3).map(tuple),
    default=TEXT,
    forward_query=st.booleans(),
    starts_at_ms=MOMENT,
    expired_location=st.none() | TEXT,
    max_clicks=st.none() | st.integers(1, 2**40),
    title=st.none() | TEXT,
)


@given(LINK)
def test_packing_changes_nothing(link: CompiledLink) -> None:
    found = unpack(pack(link))
    assert found == link
    assert repr(found) == repr(link)
