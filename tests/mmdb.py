"""Writes tiny MaxMind databases for tests, by the public format specification 2.0."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Network, ip_network
from pathlib import Path

BUILD_EPOCH = 1_760_000_000

_MARKER = b"\xab\xcd\xefMaxMind.com"
_RECORD_BYTES = 3

_UINT16 = 5
_KINDS = {"node_count": 6, "build_epoch": 9}  # readers insist on these sizes of integers

_Node = list["_Node | int | None"]


def write_mmdb(
    path: Path, nets: Mapping[str, Mapping[str, object]], *, build_epoch: int = BUILD_EPOCH
) -> Path:
    """Write a database of IPv4 and IPv6 nets and their records; return its path."""
    data = b""
    root: _Node = [None, None]
    for net, record in nets.items():
        _insert(root, _as_ipv6(net), len(data))
        data += _encode(record)
    nodes: list[_Node] = []
    _number(root, nodes)
    places = {id(node): place for place, node in enumerate(nodes)}
    tree = b"".join(_side(side, places) for node in nodes for side in node)
    metadata = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": build_epoch,
        "database_type": "Test-Country",
        "description": {"en": "made by a test"},
        "ip_version": 6,
        "languages": ["en"],
        "node_count": len(nodes),
        "record_size": _RECORD_BYTES * 8,
    }
    path.write_bytes(tree + b"\0" * 16 + data + _MARKER + _encode(metadata))
    return path


def _as_ipv6(net: str) -> IPv6Network:
    """IPv4 lies at the very beginning of the IPv6 tree."""
    parsed = ip_network(net)
    if isinstance(parsed, IPv6Network):
        return parsed
    return IPv6Network((int(parsed.network_address), parsed.prefixlen + 96))


def _insert(root: _Node, net: IPv6Network, offset: int) -> None:
    bits = f"{int(net.network_address):0128b}"[: net.prefixlen]
    node = root
    for bit in bits[:-1]:
        below = node[int(bit)]
        if not isinstance(below, list):
            below = node[int(bit)] = [None, None]
        node = below
    node[int(bits[-1])] = offset


def _number(node: _Node, nodes: list[_Node]) -> None:
    nodes.append(node)
    for side in node:
        if isinstance(side, list):
            _number(side, nodes)


def _side(side: _Node | int | None, places: dict[int, int]) -> bytes:
    count = len(places)
    if side is None:
        value = count
    elif isinstance(side, int):
        value = count + 16 + side
    else:
        value = places[id(side)]
    return value.to_bytes(_RECORD_BYTES, "big")


def _encode(value: object, kind: int = _UINT16) -> bytes:
    """Encode a value of the data section: text, unsigned integer of a kind, list or mapping."""
    if isinstance(value, str):
        raw = value.encode()
        return _control(2, len(raw)) + raw
    if isinstance(value, int):
        raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return _control(kind, len(raw)) + raw
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(_encode, value))
    assert isinstance(value, Mapping)
    pairs = (_encode(key) + _encode(item, _KINDS.get(key, _UINT16)) for key, item in value.items())
    return _control(7, len(value)) + b"".join(pairs)


def _control(kind: int, size: int) -> bytes:
    assert size < 285
    low, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    if kind > 7:
        return bytes([low, kind - 7]) + more
    return bytes([kind << 5 | low]) + more
