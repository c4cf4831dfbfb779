"""Pinning: trust exactly one certificate, whatever address the server is reached by."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from backend.kopia.errors import KopiaError


@dataclass(frozen=True)
class PinnedCertificate:
    """The first certificate of a PEM text, and a name it is valid for."""

    pem: bytes
    name: str

    def ssl_context(self) -> ssl.SSLContext:
        """A client context that trusts this certificate only, leaf or not."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=self.pem.decode("ascii"))
        return context


def pin(pem: bytes) -> PinnedCertificate:
    """Take the leaf of a tls.crt; the certificates after it are not trusted."""
    try:
        leaf = x509.load_pem_x509_certificates(pem)[0]
        name = _first_name(leaf)
    except (ValueError, IndexError) as error:
        raise KopiaError("the server's certificate is not readable PEM") from error
    return PinnedCertificate(leaf.public_bytes(Encoding.PEM), name)


def _first_name(leaf: x509.Certificate) -> str:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise KopiaError("the server's certificate has no subject alternative name") from None
    dns = names.get_values_for_type(x509.DNSName)
    if dns:
        return dns[0].replace("*", "any", 1)
    addresses = names.get_values_for_type(x509.IPAddress)
    if addresses:
        return str(addresses[0])
    raise KopiaError("the server's certificate names neither a host nor an address")
