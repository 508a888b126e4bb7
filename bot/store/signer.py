"""Shows that a bot with the same grant keys wrote something: who can write to Redis alone cannot."""

from __future__ import annotations

import hmac

from nacl.signing import SigningKey

from bot.config import AgentSettings
from bot.grant_keys import grant_key, mac, mac_key


class Signer:
    """An HMAC-SHA256 under a key that a grant key gives; the first seals, those of before are accepted."""

    def __init__(self, use: bytes, *grant_keys: SigningKey) -> None:
        self._keys = [mac_key(key, use) for key in grant_keys]

    @classmethod
    def of(cls, agents: AgentSettings, use: bytes) -> Signer:
        """The seal that every replica with this configuration makes.

        Args:
            agents: Says where the grant keys are.
            use: What is sealed; one use's seal is not another's.

        Raises:
            ConfigurationError: If a key's file holds no key.
        """
        return cls(use, *(grant_key(file) for file in (agents.grant_key, *agents.other_grant_keys)))

    def make(self, *parts: bytes) -> bytes:
        """The seal of these parts, each of which has its place."""
        return mac(self._keys[0], *parts)

    def holds(self, seal: bytes, *parts: bytes) -> bool:
        """Whether the seal is of these parts."""
        return any(hmac.compare_digest(mac(key, *parts), seal) for key in self._keys)
