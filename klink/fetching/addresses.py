"""Which addresses are public. What is not known to be, is not."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

__all__ = ["Address", "is_allowed", "is_public", "parsed"]

Address = IPv4Address | IPv6Address

# A list of our own, from IANA's registries of special-purpose addresses: what Python's
# ``is_global`` says has changed between its versions.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # behind a provider's NAT
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own services, inside each of its machines
        "169.254.0.0/16",  # link-local, and the clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")  # all else is private, mapped, NAT64, multicast or unused
_NOT_PUBLIC_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: leads to any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_ON_ONE_MACHINE = tuple(
    IPv4Network(text) for text in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
_ON_ONE_MACHINE_6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))


def parsed(text: str) -> Address | None:
    """The address that ``text`` is, or None."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether the whole internet can reach this address, and it leads nowhere else."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address.scope_id is not None or address not in _GLOBAL_6:
        return False
    return not any(address in network for network in _NOT_PUBLIC_6)


def is_allowed(address: Address, *, allow_private: bool) -> bool:
    """Whether to connect there.

    :param allow_private: also to this machine and private networks; even then never to a
        cloud's metadata, to multicast or to what is reserved.
    """
    if is_public(address):
        return True
    if not allow_private:
        return False
    if isinstance(address, IPv4Address):
        return any(address in network for network in _ON_ONE_MACHINE)
    return address.scope_id is None and any(address in network for network in _ON_ONE_MACHINE_6)
