"""X.509 for the server endpoint: check what the user gave, or mint a CA and a leaf of our own. Pure but for entropy."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_LIFETIME = timedelta(days=3650)
LEAF_LIFETIME = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)


class CertificateProblem(Exception):
    """The certificate cannot be served: `reason` is a condition reason, `message` says what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True)
class KeyPair:
    """PEM bytes: `certificate` leaf first, then its chain; `ca` what clients may trust (may be empty)."""

    certificate: bytes
    key: bytes
    ca: bytes = b""


@dataclass(frozen=True)
class CertificateFacts:
    """`fingerprint`: lower-case SHA-256 of the leaf's DER, as `--server-cert-fingerprint` wants it."""

    fingerprint: str
    not_after: datetime
    dns_names: tuple[str, ...]


def inspect(pair: KeyPair, now: datetime) -> CertificateFacts:
    """Facts of a pair that can be served now; raises `CertificateProblem` for one that cannot."""
    leaf = _leaf(pair.certificate)
    try:
        key = serialization.load_pem_private_key(pair.key, password=None)
    except (ValueError, TypeError) as error:
        raise CertificateProblem(
            "TLSKeyMalformed", "tls.key is not an unencrypted PEM private key; put the server's private key there."
        ) from error
    if key.public_key() != leaf.public_key():
        raise CertificateProblem(
            "TLSKeyMismatch", "tls.key does not belong to tls.crt; put the private key of this very certificate there."
        )
    if leaf.not_valid_after_utc <= now:
        raise CertificateProblem(
            "TLSCertificateExpired",
            f"The certificate expired at {leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}; renew it in the Secret.",
        )
    if leaf.not_valid_before_utc > now:
        raise CertificateProblem(
            "TLSCertificateNotYetValid",
            f"The certificate is valid only from {leaf.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}; check the clock.",
        )
    return facts_of(pair.certificate)


def facts_of(certificate: bytes) -> CertificateFacts:
    """Facts of a certificate, whatever its dates."""
    leaf = _leaf(certificate)
    fingerprint = hashlib.sha256(leaf.public_bytes(serialization.Encoding.DER)).hexdigest()
    return CertificateFacts(fingerprint, leaf.not_valid_after_utc, _dns_names(leaf))


def needs_renewal(certificate: bytes, wanted_names: Sequence[str], now: datetime) -> bool:
    """A minted leaf is replaced `RENEW_BEFORE` its end, or when it lacks a name."""
    try:
        facts = facts_of(certificate)
    except CertificateProblem:
        return True
    return facts.not_after - now < RENEW_BEFORE or not set(wanted_names) <= set(facts.dns_names)


def mint_ca(common_name: str, now: datetime) -> KeyPair:
    """A certificate authority of one server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(common_name)
    builder = (
        _builder(name, name, key.public_key(), now, CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return KeyPair(certificate, _pem(key), certificate)


def mint_leaf(ca: KeyPair, dns_names: Sequence[str], now: datetime) -> KeyPair:
    """A server certificate for `dns_names`, signed by `ca`."""
    issuer = _leaf(ca.certificate)
    issuer_key = cast("ec.EllipticCurvePrivateKey", serialization.load_pem_private_key(ca.key, password=None))
    key = ec.generate_private_key(ec.SECP256R1())
    lifetime = min(LEAF_LIFETIME, issuer.not_valid_after_utc - now)
    builder = (
        _builder(_name("kopia-server"), issuer.subject, key.public_key(), now, lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in dns_names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    certificate = builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return KeyPair(certificate, _pem(key), ca.certificate)


def _leaf(certificate: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(certificate)
    except ValueError as error:
        raise CertificateProblem(
            "TLSCertificateMalformed", "tls.crt holds no PEM certificate; put the server's certificate there."
        ) from error


def _dns_names(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(names.value.get_values_for_type(x509.DNSName))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, lifetime: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks of clients differ
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=not signs_certificates,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates,
        crl_sign=signs_certificates, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
