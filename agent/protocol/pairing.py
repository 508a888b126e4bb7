"""How an agent and a bot come to trust each other: each proves that it holds the code a person carried.

The bot proves first. A proof is an HMAC under the code over everything that is to be trusted: the certificate
that the agent showed in TLS, the bot's certificates, its grant keys, and which node this is. Who stands in
between shows a certificate of its own, which the proof then names, and has no code to make another.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import ssl
from typing import Annotated, Literal

from msgspec import Meta

from agent.protocol.base import Name, Wire

PAIRING_PATH = "/v1/pair"
CODE_BYTES = 16
MIN_DISTINCT_BYTES = 6
"""Of the bytes of a code: random ones have fewer once in 10^17 times, 000…0 always."""
MAX_KEYS = 4
"""Of a kind in one request: one, and one more while keys are rotated, with room."""
_PEM_LABEL = re.compile(r"-----BEGIN ([^-]*)-----")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s.*?-----END CERTIFICATE-----\n?", re.DOTALL)

Proof = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Key = Annotated[str, Meta(max_length=16_384)]
Keys = Annotated[tuple[Key, ...], Meta(min_length=1, max_length=MAX_KEYS)]


class BotCredentials(Wire, frozen=True, kw_only=True):
    """What a bot wants to be known by: PEM certificates, and Ed25519 public keys in base64."""

    cluster: Name
    node: Name
    certificates: Keys
    verify_keys: Keys
    second_verify_keys: Annotated[tuple[Key, ...], Meta(max_length=MAX_KEYS)] = ()


class PairRequest(Wire, frozen=True, kw_only=True):
    """The bot's half of a pairing."""

    identity: BotCredentials
    proof: Proof


class PairAnswer(Wire, frozen=True, kw_only=True):
    """The agent's half: that it holds the code too, and trusts the bot's keys from now on."""

    proof: Proof


def new_code() -> str:
    """Return a code of 128 random bits, in groups that a person can read out."""
    digits = secrets.token_hex(CODE_BYTES)
    return "-".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def parse_code(text: str) -> bytes:
    """Read a code as a person gives it: 32 hexadecimal digits, however grouped.

    Raises:
        ValueError: If it is none.
    """
    digits = "".join(text.replace("-", " ").split())
    try:
        code = bytes.fromhex(digits)
    except ValueError:
        code = b""
    if len(code) != CODE_BYTES:
        raise ValueError(f"a pairing code has {CODE_BYTES * 2} hexadecimal digits")
    if len(set(code)) < MIN_DISTINCT_BYTES:
        raise ValueError("a pairing code is random, and this one is not")
    return code


def prove(
    code: bytes, side: Literal["agent", "bot"], *, agent_certificate: bytes, identity: BotCredentials
) -> str:
    """Prove that one side holds the code and means exactly these keys.

    Args:
        code: The code's bytes.
        side: Who proves, so that one's proof is not the other's.
        agent_certificate: The agent's certificate as TLS showed it (DER).
        identity: The bot's keys, and the node that is meant.

    Returns:
        HMAC-SHA256 in hexadecimal digits.
    """
    shown = hashlib.sha256(agent_certificate).hexdigest()
    said = f"neumann pairing 1:{side}:{shown}:{identity.to_json()}"
    return hmac.new(code, said.encode(), hashlib.sha256).hexdigest()


def is_proof(proof: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(proof, expected)


def fingerprint(key: bytes) -> str:
    """Name a certificate (DER) or a raw public key by its SHA-256, as openssl does."""
    return hashlib.sha256(key).hexdigest()


def pem_certificates(text: str) -> tuple[str, ...]:
    """Return the certificates of a PEM file one by one, as they stand there."""
    return tuple(_PEM.findall(text))


def trusted_certificates(text: str) -> tuple[bytes, ...]:
    """Return the certificates of a file of trusted ones, each as its exact bytes (DER).

    What is listed must be all that is trusted: OpenSSL would also take a certificate under another name, or a
    second one behind the first in the same block.

    Raises:
        ValueError: If the file holds a block that is not just one certificate.
    """
    others = {label for label in _PEM_LABEL.findall(text) if label != "CERTIFICATE"}
    if others:
        raise ValueError(
            f"it holds a block {min(others)!r}; only CERTIFICATE is taken, so that each can be listed"
        )
    found = tuple(map(der_of, pem_certificates(text)))
    if len(found) != len(_PEM_LABEL.findall(text)) or not all(map(_is_one_element, found)):
        raise ValueError("it holds a block that is not just one certificate")
    return found


def _is_one_element(der: bytes) -> bool:
    """Say whether the bytes are one ASN.1 sequence and nothing behind it (X.690, 8.1.3)."""
    if len(der) < 2 or der[0] != 0x30:
        return False
    if der[1] < 0x80:
        return len(der) == 2 + der[1]
    octets = der[1] - 0x80
    return len(der) == 2 + octets + int.from_bytes(der[2 : 2 + octets])


def der_of(pem: str) -> bytes:
    """Return a certificate's bytes.

    Raises:
        ValueError: If it is none.
    """
    return ssl.PEM_cert_to_DER_cert(pem.strip() + "\n")
