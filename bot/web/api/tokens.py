"""Who calls, by the token that is shown, and whether that token has been used too much."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bot.config.read_only import ApiSettings, Scope
from handlers.errors import ConfigurationError

MIN_TOKEN_CHARS = 20
"""Nobody is locked out after wrong tries, so a token must not be short enough to be guessed."""

MINUTE_S = 60.0


@dataclass(frozen=True)
class Caller:
    """The bearer of a token: its name in the configuration, and what it may read."""

    name: str
    scopes: frozenset[Scope]


class Tokens:
    """The configured tokens, of which only digests are kept."""

    def __init__(self, tokens: Iterable[tuple[Caller, str]]) -> None:
        self._digests = tuple((_digest(token.encode()), caller) for caller, token in tokens)

    @classmethod
    def of(cls, settings: ApiSettings) -> Tokens:
        """Read the tokens.

        Raises:
            ConfigurationError: If one cannot be read, is too short, or is given twice.
        """
        found: dict[str, Caller] = {}
        for each in settings.tokens:
            token = each.token.read().get_secret_value()
            if len(token) < MIN_TOKEN_CHARS:
                raise ConfigurationError(
                    f"The token in {each.token.file} has fewer than {MIN_TOKEN_CHARS} characters and could be"
                    f" guessed: write another one, such as `openssl rand -hex 32` gives."
                )
            if token in found:
                raise ConfigurationError(
                    f"The token in {each.token.file} is that of {found[token].name} too: write another one."
                )
            found[token] = Caller(each.name, each.scopes)
        return cls((caller, token) for token, caller in found.items())

    def bearer(self, authorization: str) -> Caller | None:
        """Return who shows a bearer token; `None` where it is missing or wrong."""
        token = authorization.partition(" ")[2]
        return self._caller(token.strip().encode()) if is_bearer(authorization) else None

    def visitor(self, authorization: str) -> Caller | None:
        """Return who shows a token as a password to a browser, or as a bearer token."""
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "basic":
            return self.bearer(authorization)
        try:
            _, _, token = base64.b64decode(given.strip(), validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return None
        return self._caller(token)

    def _caller(self, token: bytes) -> Caller | None:
        """Return the caller of a token; each is compared, so time says nothing about any of them."""
        given, found = _digest(token), None
        for digest, caller in self._digests:
            if hmac.compare_digest(digest, given):
                found = caller
        return found


def is_bearer(authorization: str) -> bool:
    """Return whether a bearer token is shown at all, whatever it is worth."""
    return authorization.partition(" ")[0].lower() == "bearer"


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


@dataclass
class RequestRate:
    """A bucket of requests for each caller: it holds those of one minute, and fills evenly."""

    per_min: int
    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait_s(self, caller: Caller) -> int:
        """Take one request; return 0, or after how many seconds the next one is there."""
        now_s = self.clock()
        left, since_s = self._left.get(caller.name, (float(self.per_min), now_s))
        left = min(self.per_min, left + (now_s - since_s) * self.per_min / MINUTE_S)
        is_there = left >= 1
        self._left[caller.name] = (left - 1 if is_there else left, now_s)
        return 0 if is_there else math.ceil((1 - left) * MINUTE_S / self.per_min)
