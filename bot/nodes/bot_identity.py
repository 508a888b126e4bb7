"""The bot's own keys: made if missing, shown to agents in a pairing, replaced by new ones."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from nacl.signing import SigningKey

from agent.protocol.pairing import BotCredentials, der_of, fingerprint, pem_certificates
from bot.config import AgentSettings, Settings
from bot.grant_keys import grant_key
from bot.secret_files import SecretFile
from handlers.errors import ConfigurationError
from shared.bounded_files import read_bounded, read_bounded_text
from shared.certificates import make_certificate
from shared.whole_files import PRIVATE, NewFile, replace_all

NEXT, FORMER = ".next", ".former"


@dataclass(frozen=True)
class BotIdentity:
    """The three files of one set of keys. `next` is the set that is to take their place."""

    certificate: Path
    key: Path
    grant_key: Path

    @classmethod
    def of(cls, agents: AgentSettings) -> BotIdentity:
        """Return the set that is in use."""
        return cls(agents.certificate, agents.key, agents.grant_key.file)

    @property
    def next(self) -> BotIdentity:
        """Return the set that is to take over while keys are rotated."""
        files = (self.certificate, self.key, self.grant_key)
        return BotIdentity(*(file.with_name(file.name + NEXT) for file in files))

    @property
    def are_there(self) -> bool:
        """Return whether all three files are there."""
        return all(file.exists() for file in (self.certificate, self.key, self.grant_key))

    def make_missing(self) -> None:
        """Make what is not there yet.

        Raises:
            ConfigurationError: If half a pair is there, or the files cannot be written.
        """
        new: dict[Path, NewFile] = {}
        if self.certificate.exists() != self.key.exists():
            there, gone = (self.certificate, self.key)[:: 1 if self.certificate.exists() else -1]
            raise ConfigurationError(
                f"{there} is there and {gone} is not; remove it, to have both made anew."
            )
        if not self.key.exists():
            certificate, key = make_certificate("neumann-bot", use="bot")
            new |= {self.key: NewFile(key, PRIVATE), self.certificate: NewFile(certificate)}
        if not self.grant_key.exists():
            seed = base64.b64encode(bytes(SigningKey.generate())) + b"\n"
            new[self.grant_key] = NewFile(seed, PRIVATE)
        try:
            replace_all(new)
        except OSError as error:
            raise ConfigurationError(f"The bot's keys cannot be written: {error}.") from error

    @property
    def former_grant_key(self) -> Path:
        """Return where the replaced grant key is kept: open timelines are signed with it."""
        return self.grant_key.with_name(self.grant_key.name + FORMER)

    def let_next_take_over(self) -> None:
        """Put the next set in the place of this one.

        Raises:
            ConfigurationError: If the files cannot be read or written; then this set is still in use.
        """
        new = self.next
        pairs = ((self.key, new.key), (self.certificate, new.certificate), (self.grant_key, new.grant_key))
        try:
            files = {old: NewFile(read_bounded(file)) for old, file in pairs}
            files[self.former_grant_key] = NewFile(read_bounded(self.grant_key), PRIVATE)
            replace_all(files)
            for _, file in pairs:
                file.unlink()
        except OSError as error:
            raise ConfigurationError(f"The bot's keys cannot be exchanged: {error}.") from error

    @property
    def shown(self) -> str:
        """Return the certificate (PEM).

        Raises:
            ConfigurationError: If it cannot be read.
        """
        try:
            found = pem_certificates(read_bounded_text(self.certificate))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self.certificate} cannot be read: {error}.") from error
        if not found:
            raise ConfigurationError(f"{self.certificate} holds no certificate.")
        return found[0]

    @property
    def verify_key(self) -> str:
        """Return the grant key's public half (base64).

        Raises:
            ConfigurationError: If the grant key cannot be read.
        """
        return public_half(SecretFile(file=self.grant_key))

    @property
    def fingerprints(self) -> tuple[str, str]:
        """Return the fingerprints that `neumann-agent keys list` shows of certificate and grant key."""
        return fingerprint(der_of(self.shown)), fingerprint(base64.b64decode(self.verify_key))


def public_half(secret: SecretFile) -> str:
    """Return the public half of a signing key (base64).

    Raises:
        ConfigurationError: If the key cannot be read.
    """
    return base64.b64encode(bytes(grant_key(secret).verify_key)).decode()


def identity(settings: Settings, cluster: str, node: str) -> BotCredentials:
    """Return what an agent is asked to trust: the keys in use, the next ones, the second approver's.

    Raises:
        ConfigurationError: If a key cannot be read.
    """
    own = BotIdentity.of(settings.agents)
    sets = [own, own.next] if own.next.are_there else [own]
    second = settings.agents.second_grant_key
    return BotCredentials(
        cluster=cluster,
        node=node,
        certificates=tuple(keys.shown for keys in sets),
        verify_keys=tuple(keys.verify_key for keys in sets),
        second_verify_keys=(public_half(second),) if second else (),
    )
