"""Which addresses a sink may have: public ones, and what its target names. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from pydantic import IPvAnyNetwork

_NAT64 = IPv6Network("64:ff9b::/96")
_PUBLIC_V6 = IPv6Network("2000::/3")

# Only a range that lies within one of these opens it: 0.0.0.0/0 does not mean the metadata service of a cloud.
_SPECIAL = tuple(
    ip_network(text)
    for text in ("127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32", "0.0.0.0/8",
                 "224.0.0.0/4", "::/8", "fe80::/10", "fd00:ec2::254/128", "ff00::/8")
)  # fmt: skip


def permitted(address: str, networks: Iterable[IPvAnyNetwork]) -> bool:
    """`networks`: what is permitted beside public addresses."""
    found = _embedded(ip_address(address.partition("%")[0]))
    special = [one for one in _SPECIAL if found in one]
    for network in networks:
        if found in network and all(_within(network, one) for one in special):
            return True
    return not special and _public(found)


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address leads to, where it is of such a kind."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address


def _within(network: IPvAnyNetwork, special: IPvAnyNetwork) -> bool:
    return network.version == special.version and network.network_address in special and (
        network.prefixlen >= special.prefixlen
    )  # fmt: skip


def _public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _PUBLIC_V6:
        return False
    return address.is_global and not address.is_multicast
