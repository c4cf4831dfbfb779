"""Pinning takes the leaf only, and finds a name it is valid for."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from backend.kopia.errors import KopiaError
from backend.kopia.tls import pin


def certificate(*names: x509.GeneralName) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(hours=1))
        .not_valid_after(datetime.now(UTC) + timedelta(hours=1))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(names)), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((x509.DNSName("a.ns.svc"), x509.DNSName("b")), "a.ns.svc"),
        ((x509.DNSName("*.example.org"),), "any.example.org"),
        ((x509.IPAddress(ip_address("10.0.0.1")),), "10.0.0.1"),
        ((x509.IPAddress(ip_address("10.0.0.1")), x509.DNSName("a")), "a"),
    ],
)
def test_the_first_usable_name(names: tuple[x509.GeneralName, ...], expected: str) -> None:
    assert pin(certificate(*names)).name == expected


def test_only_the_leaf_is_trusted() -> None:
    leaf, other = certificate(x509.DNSName("a")), certificate(x509.DNSName("b"))
    pinned = pin(leaf + other)
    assert pinned.pem == leaf
    context = pinned.ssl_context()
    assert len(context.get_ca_certs()) <= 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize("pem", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n"])
def test_unreadable_certificates(pem: bytes) -> None:
    with pytest.raises(KopiaError, match="PEM"):
        pin(pem)


@pytest.mark.parametrize("names", [(), (x509.RFC822Name("a@b"),)])
def test_a_certificate_without_a_host_name(names: tuple[x509.GeneralName, ...]) -> None:
    with pytest.raises(KopiaError, match="name"):
        pin(certificate(*names))
