from __future__ import annotations

import hashlib
import ssl
from datetime import UTC, datetime, timedelta

import pytest

from backend.controller import certificates as certs

NOW = datetime(2026, 11, 1, tzinfo=UTC)
NAMES = ("s.ns.svc", "s.ns.svc.cluster.local", "s.ns", "s")


@pytest.fixture(scope="module")
def ca():
    return certs.mint_ca("bsls s.ns", NOW)


@pytest.fixture(scope="module")
def leaf(ca):
    return certs.mint_leaf(ca, NAMES, NOW)


def test_a_minted_leaf_is_good_and_verifies_against_its_ca(ca, leaf):
    facts = certs.inspect(leaf, NOW)
    assert facts.dns_names == NAMES
    der = ssl.PEM_cert_to_DER_cert(leaf.certificate.decode())
    assert facts.fingerprint == hashlib.sha256(der).hexdigest()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=leaf.ca.decode())
    assert leaf.ca == ca.certificate


def test_a_leaf_is_renewed_ahead_of_its_end_and_for_a_new_name(leaf):
    assert not certs.needs_renewal(leaf.certificate, NAMES, NOW)
    assert certs.needs_renewal(leaf.certificate, NAMES, NOW + timedelta(days=336))
    assert certs.needs_renewal(leaf.certificate, (*NAMES, "other"), NOW)
    assert certs.needs_renewal(b"garbage", NAMES, NOW)


def test_a_leaf_never_outlives_its_ca(ca):
    late = NOW + timedelta(days=3600)
    assert certs.facts_of(certs.mint_leaf(ca, NAMES, late).certificate).not_after <= NOW + certs.CA_LIFETIME


@pytest.mark.parametrize(
    ("change", "when", "reason"),
    [
        ({}, NOW + timedelta(days=400), "TLSCertificateExpired"),
        ({}, NOW - timedelta(days=1), "TLSCertificateNotYetValid"),
        ({"key": b"garbage"}, NOW, "TLSKeyMalformed"),
        ({"certificate": b"garbage"}, NOW, "TLSCertificateMalformed"),
        ({"key": "other"}, NOW, "TLSKeyMismatch"),
    ],
)
def test_what_cannot_be_served_says_why(leaf, change, when, reason):
    if change.get("key") == "other":
        change = {"key": certs.mint_ca("other", NOW).key}
    pair = certs.KeyPair(**{"certificate": leaf.certificate, "key": leaf.key, **change})
    with pytest.raises(certs.CertificateProblem) as caught:
        certs.inspect(pair, when)
    assert caught.value.reason == reason
    assert "PRIVATE" not in caught.value.message
