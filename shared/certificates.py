"""The certificate that an agent or a bot makes for itself: only its key counts, its dates decide nothing."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Not taken from the clock, which may be wrong. The end is RFC 5280's for "no end" (4.1.2.5).
_NOT_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
_NOT_AFTER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def make_certificate(name: str, *, use: Literal["agent", "bot"]) -> tuple[bytes, bytes]:
    """Make a new Ed25519 key and a certificate of its own.

    It can sign no other certificate, and one that is an agent's lets nobody in as a bot.

    Args:
        name: For people; a random part is added, since OpenSSL looks certificates up by their name.
        use: Which end will show it.

    Returns:
        Certificate and private key, as PEM.
    """
    key = Ed25519PrivateKey.generate()
    common_name = f"{name[:40]} {secrets.token_hex(8)}"
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if use == "agent" else ExtendedKeyUsageOID.CLIENT_AUTH
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOT_BEFORE)
        .not_valid_after(_NOT_AFTER)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
        .sign(key, None)
    )
    return (
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
