"""The keys that this agent trusts, as its files hold them: listed, added by a pairing, taken off by hand."""

from __future__ import annotations

import base64
import ssl
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import tomlkit
from tomlkit.exceptions import TOMLKitError

from agent.errors import ConfigError
from agent.protocol.pairing import BotCredentials, fingerprint, pem_certificates, trusted_certificates
from agent.settings import Settings, load_settings, parse_settings
from shared.bounded_files import read_bounded_text
from shared.toml_documents import is_same
from shared.whole_files import NewFile, replace_all

MIN_PREFIX = 8
"""So many digits of a fingerprint name a key well enough for a person to take it off the list."""

Kind = Literal["certificate", "verify_keys", "second_verify_keys"]
KIND_WORDS: dict[Kind, str] = {
    "certificate": "lets in",
    "verify_keys": "grants",
    "second_verify_keys": "second approval",
}


@dataclass(frozen=True)
class PinnedKey:
    """One key: what it is trusted for, its SHA-256, and how it stands in its file."""

    kind: Kind
    fingerprint: str
    text: str


def pinned_keys(settings: Settings) -> tuple[PinnedKey, ...]:
    """List every key that is trusted.

    Raises:
        ConfigError: If the file of certificates cannot be read.
    """
    return (*_certificates(settings.tls.authority), *_grant_keys(settings))


def pin(config: Path, identity: BotCredentials) -> None:
    """Trust a bot's keys beside those that are trusted already; what is trusted twice is written once.

    Raises:
        ConfigError: If the files cannot be read or written; they are then as they were.
    """
    settings = load_settings(config)
    certificates = read_certificates(settings.tls.authority)
    known = {key.fingerprint for key in _certificates(settings.tls.authority)}
    new = [der for der in map(_one_certificate, identity.certificates) if fingerprint(der) not in known]
    if certificates and not certificates.endswith("\n"):
        certificates += "\n"
    # Written anew from its bytes: nothing else that stood in the text comes along.
    certificates += "".join(map(ssl.DER_cert_to_PEM_cert, new))
    document = _document(config)
    for name, keys in _keys_of(identity):
        _add_keys(document, name, keys)
    _write(config, settings, certificates, document)


def revoke(config: Path, prefix: str) -> PinnedKey:
    """Take one key off the list.

    Args:
        config: The agent's settings file.
        prefix: The first digits of its fingerprint, 8 or more.

    Raises:
        ConfigError: If it names none or several, or a file cannot be read or written.
    """
    settings = load_settings(config)
    wanted = prefix.lower().replace(":", "")
    found = [key for key in pinned_keys(settings) if key.fingerprint.startswith(wanted)]
    if len(wanted) < MIN_PREFIX:
        raise ConfigError(f"Give at least {MIN_PREFIX} digits of the fingerprint; `keys list` shows it.")
    if len({key.fingerprint for key in found}) != 1:
        raise ConfigError(
            f"{len(found) or 'No'} pinned {'keys begin' if found else 'key begins'} with {wanted[:64]};"
            " `keys list` shows them."
        )
    certificates, document = read_certificates(settings.tls.authority), _document(config)
    for key in found:
        if key.kind == "certificate":
            certificates = certificates.replace(key.text, "")
        else:
            document["grants"][key.kind].remove(key.text)
    _write(config, settings, certificates, document)
    return found[0]


def read_certificates(path: Path) -> str:
    """Read the file of certificates that clients must show or come from; one that is not there yet is empty.

    Raises:
        ConfigError: If it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The file {path} of `tls.authority` cannot be read ({error}).") from error


def _certificates(path: Path) -> tuple[PinnedKey, ...]:
    text = read_certificates(path)
    try:
        found = trusted_certificates(text)
    except ValueError as error:
        raise ConfigError(f"The file {path} of `tls.authority` cannot be used: {error}.") from error
    return tuple(
        PinnedKey("certificate", fingerprint(der), pem)
        for der, pem in zip(found, pem_certificates(text), strict=True)
    )


def _one_certificate(text: str) -> bytes:
    """Return the one certificate of a bot, which may vouch for no other."""
    try:
        (found,) = trusted_certificates(text)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_verify_locations(cadata=found)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(f"What the bot wants to be known by is not one certificate ({error}).") from error
    if context.cert_store_stats()["x509_ca"]:
        raise ConfigError("What the bot wants to be known by is an authority, which could let others in.")
    return found


def _grant_keys(settings: Settings) -> Iterator[PinnedKey]:
    for key in settings.grants.verify_keys:
        yield PinnedKey("verify_keys", fingerprint(base64.b64decode(key)), key)
    for key in settings.grants.second_verify_keys:
        yield PinnedKey("second_verify_keys", fingerprint(base64.b64decode(key)), key)


def _keys_of(identity: BotCredentials) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ("verify_keys", identity.verify_keys), ("second_verify_keys", identity.second_verify_keys)


def _document(config: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(read_bounded_text(config))
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise ConfigError(f"{config} cannot be edited ({error}).") from error


def _add_keys(document: tomlkit.TOMLDocument, name: str, keys: tuple[str, ...]) -> None:
    if not keys:
        return
    grants: Any = document.setdefault("grants", tomlkit.table())
    pinned = grants.setdefault(name, tomlkit.array())
    for key in keys:
        if key not in pinned:
            pinned.append(key)


def _write(config: Path, settings: Settings, certificates: str, document: tomlkit.TOMLDocument) -> None:
    text = tomlkit.dumps(document)
    try:
        # What would not load again, or says anything else anew, is not written.
        after = tomllib.loads(text)
        before = tomllib.loads(read_bounded_text(config))
        if not is_same(before | {"grants": None}, after | {"grants": None}):
            raise ConfigError(f"{config} cannot be edited without changing more; nothing was changed.")
        parse_settings(after, config)
        replace_all(
            {
                settings.tls.authority: NewFile(certificates.encode()),
                config: NewFile(text.encode()),
            }
        )
    except (OSError, ValueError) as error:
        raise ConfigError(f"The pinned keys cannot be written ({error}); nothing was changed.") from error
