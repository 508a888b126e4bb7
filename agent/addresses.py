"""Texts of the settings that must have a form: paths, addresses and public keys."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from pathlib import Path

from nacl.signing import VerifyKey


def split_address(address: str) -> tuple[str, int]:
    """Split `host:port` or `[v6]:port`.

    Raises:
        ValueError: If there is no host or no port of 1..65535 in it.
    """
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError('write it as "host:port"')
    return host, int(port)


class Address(str):
    """`host:port` or `[v6]:port`."""


class HttpAddress(str):
    """`http://host:port`, without a slash at the end."""


class PublicKey(str):
    """An Ed25519 public key, as base64."""


MAX_PATH_CHARS = 4_095
"""Of Linux: PATH_MAX."""


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("write an absolute path")
    if not path.isprintable() or len(path) > MAX_PATH_CHARS:
        raise ValueError("this cannot be the path of a file")
    return path


def _address(address: str) -> str:
    split_address(address)
    return address


def _http_address(url: str) -> str:
    scheme, _, address = url.removesuffix("/").partition("://")
    try:
        split_address(address)
    except ValueError:
        scheme = ""
    if scheme != "http" or "/" in address or "@" in address or address.split() != [address]:
        raise ValueError('write it as "http://host:port"')
    return f"http://{address}"


def _public_key(text: str) -> str:
    try:
        VerifyKey(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise ValueError("write an Ed25519 public key of 32 bytes as base64") from error
    return text


CHECKS: Mapping[type, Callable[[str], str]] = {
    Path: _absolute,
    Address: _address,
    HttpAddress: _http_address,
    PublicKey: _public_key,
}
"""By type of a setting what checks its text, and raises ValueError with what to write."""
