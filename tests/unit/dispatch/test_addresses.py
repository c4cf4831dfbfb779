"""Public addresses are permitted, all others only where a target names them."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from backend.dispatch.addresses import permitted


@pytest.mark.parametrize(
    ("address", "networks", "expected"),
    [
        ("8.8.8.8", [], True),
        ("2606:4700::1111", [], True),
        ("10.0.0.1", [], False),
        ("10.0.0.1", ["10.0.0.0/8"], True),
        ("10.0.0.1", ["10.1.0.0/16", "10.0.0.0/24"], True),
        ("172.30.0.1", ["10.0.0.0/8"], False),
        ("192.168.1.1", [], False),
        ("100.64.0.1", [], False),
        ("127.0.0.1", [], False),
        ("127.0.0.1", ["127.0.0.0/8"], True),
        ("127.0.0.1", ["127.0.0.1/32"], True),
        ("127.0.0.1", ["0.0.0.0/0"], False),
        ("169.254.169.254", [], False),
        ("169.254.169.254", ["0.0.0.0/0"], False),
        ("169.254.169.254", ["169.254.169.254/32"], True),
        ("168.63.129.16", [], False),
        ("168.63.129.16", ["168.63.129.16/32"], True),
        ("100.100.100.200", ["100.64.0.0/10"], False),
        ("0.0.0.0", ["0.0.0.0/0"], False),
        ("224.0.0.1", [], False),
        ("240.0.0.1", [], False),
        ("255.255.255.255", [], False),
        ("::1", [], False),
        ("::1", ["::/0"], False),
        ("::1", ["::1/128"], True),
        ("::", [], False),
        ("fe80::1%eth0", [], False),
        ("fc00::1", [], False),
        ("fc00::1", ["fc00::/7"], True),
        ("fd00:ec2::254", ["fc00::/7"], False),
        ("ff02::1", [], False),
        ("::ffff:127.0.0.1", [], False),
        ("::ffff:8.8.8.8", [], True),
        ("::127.0.0.1", [], False),
        ("64:ff9b::7f00:1", [], False),
        ("64:ff9b::808:808", [], True),
        ("2002:7f00:1::", [], False),
        ("2001:db8::1", [], False),
    ],
)
def test_permitted(address: str, networks: list[str], expected: bool) -> None:
    assert permitted(address, [ip_network(one) for one in networks]) is expected
