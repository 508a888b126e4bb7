"""A certificate that an agent or a bot makes for itself says nothing but which key is whose, and for what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared.certificates import make_certificate


@pytest.mark.parametrize(
    ("use", "purpose"), [("agent", ExtendedKeyUsageOID.SERVER_AUTH), ("bot", ExtendedKeyUsageOID.CLIENT_AUTH)]
)
def test_it_is_for_its_own_end_alone_and_signs_nothing(
    use: Literal["agent", "bot"], purpose: x509.ObjectIdentifier
):
    pem, key_pem = make_certificate("node1", use=use)
    certificate = x509.load_pem_x509_certificate(pem)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert (constraints.critical, constraints.value.ca) == (True, False)
    assert (usage.critical, list(usage.value)) == (True, [purpose])
    key = load_pem_private_key(key_pem, None)
    assert isinstance(key, Ed25519PrivateKey)
    assert certificate.public_key() == key.public_key()


def test_no_clock_has_a_part_in_its_dates():
    """The end is the one that stands for "no end" (RFC 5280, 4.1.2.5); the beginning is long ago."""
    certificate = x509.load_pem_x509_certificate(make_certificate("node1", use="agent")[0])
    assert certificate.not_valid_before_utc == datetime(2000, 1, 1, tzinfo=UTC)
    assert certificate.not_valid_after_utc == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_two_of_one_name_are_told_apart_by_it():
    names = {
        str(
            x509.load_pem_x509_certificate(make_certificate("n" * 100, use="agent")[0])
            .subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0]
            .value
        )
        for _ in range(5)
    }
    assert len(names) == 5
    assert all(len(name) == 57 and name.startswith("n" * 40 + " ") for name in names)
