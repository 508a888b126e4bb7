"""HMAC signer for values stored in Redis, with a key that follows from the grant key."""

from __future__ import annotations

import hmac

from nacl.signing import SigningKey

from bot.config import AgentSettings
from bot.grant_keys import grant_key, mac, mac_key


class Signer:
    """Makes and checks HMAC-SHA256 seals; the first key seals, all are accepted, so keys can be rotated."""

    def __init__(self, use: bytes, *grant_keys: SigningKey) -> None:
        self._keys = [mac_key(key, use) for key in grant_keys]

    @classmethod
    def of(cls, agents: AgentSettings, use: bytes) -> Signer:
        """Make the signer that every replica with this configuration makes.

        Args:
            agents: Says where the grant keys are.
            use: What is sealed; a seal for one use does not hold for another.

        Raises:
            ConfigurationError: If a key's file holds no key.
        """
        return cls(use, *(grant_key(file) for file in (agents.grant_key, *agents.other_grant_keys)))

    def make(self, *parts: bytes) -> bytes:
        """Return the seal of these parts in this order."""
        return mac(self._keys[0], *parts)

    def holds(self, seal: bytes, *parts: bytes) -> bool:
        """Return whether the seal is of these parts in this order."""
        return any(hmac.compare_digest(mac(key, *parts), seal) for key in self._keys)
