"""Schemas read quickly what is plainly good, and exactly what marshmallow would read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError

from klink.api.schemas import LinkPatchInput, NewLinkInput, VariantInput
from klink.web.fields import Strict

ODD: st.SearchStrategy[Any] = st.sampled_from(
    (None, True, 1, 0, 1.5, "", "x", "a\0b", "\ud800", "2026-01-31T09:30:00Z", [], {}, ["x"], [1])
)
VARIANTS = st.fixed_dictionaries(
    {},
    optional={
        "label": st.just("a") | ODD,
        "url": st.just("https://a.example/") | ODD,
        "weight": st.just(50) | ODD,
        "clicks": ODD,
    },
)
ROUTING = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.just("split") | ODD,
        "variants": st.lists(VARIANTS, max_size=2) | ODD,
        "rules": st.lists(
            st.fixed_dictionaries({}, optional={"when": ODD, "use": ODD, "x": ODD}), max_size=1
        ),
        "default": ODD,
    },
)
LINKS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(sorted(NewLinkInput().fields), ODD),
        "url": st.just("https://a.example/") | ODD,
        "tags": st.lists(st.just("t"), max_size=2) | ODD,
        "routing": ROUTING | ODD,
        "experiment": st.fixed_dictionaries({}, optional={"threshold": ODD, "winner": ODD}) | ODD,
        "utm": st.fixed_dictionaries({}, optional={"source": ODD, "y": ODD}) | ODD,
        "clicks": ODD,
        "id": ODD,
        "nonsense": ODD,
    },
)


def outcome(schema: Strict, way: Any, data: object, **how: Any) -> tuple[object, object]:
    try:
        return way(schema, data, **how), None
    except ValidationError as error:
        return None, error.messages


@pytest.mark.parametrize("schema", [NewLinkInput(), LinkPatchInput()])
@given(data=LINKS | ODD | st.lists(LINKS, max_size=2))
def test_a_link_is_read_as_marshmallow_reads_it(schema: Strict, data: object) -> None:
    assert outcome(schema, Strict.load, data) == outcome(schema, Schema.load, data)


@given(data=st.lists(LINKS, max_size=3) | ODD)
def test_many_links_are_read_as_marshmallow_reads_them(data: object) -> None:
    both = [outcome(NewLinkInput(), way, data, many=True) for way in (Strict.load, Schema.load)]
    assert both[0] == both[1]


@given(data=st.lists(VARIANTS, max_size=3) | VARIANTS | ODD)
def test_variants_are_read_as_marshmallow_reads_them(data: object) -> None:
    schema = VariantInput(many=True)
    assert outcome(schema, Strict.load, data) == outcome(schema, Schema.load, data)


def test_no_schema_has_what_the_quick_way_does_not_know() -> None:
    """Defaults, other names for members, and hooks would be marshmallow's to see to."""
    for schema in subclasses(Strict):
        assert not any(schema._hooks.values()), schema
        for name, field in schema().load_fields.items():
            assert field.data_key in (None, name), (schema, name)
            assert field.attribute in (None, name), (schema, name)
            assert not isinstance(field.load_default, str | int), (schema, name)


def subclasses(kind: type[Strict]) -> list[type[Strict]]:
    return [found for each in kind.__subclasses__() for found in (each, *subclasses(each))]
