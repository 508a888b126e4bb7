"""`neumann-agent pair`: make this node's key, and wait for one bot that holds the code."""

from __future__ import annotations

import asyncio
import socket
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from starlette.routing import Route

from agent.addresses import split_address
from agent.boot import boottime_s
from agent.errors import AgentError, BadRequestError, ConfigError, ConflictError, DeniedError, PairingError
from agent.protocol.pairing import (
    PAIRING_PATH,
    BotCredentials,
    PairAnswer,
    PairRequest,
    der_of,
    fingerprint,
    is_proof,
    new_code,
    parse_code,
    pem_certificates,
    prove,
)
from agent.server.pinned_keys import pin
from agent.server.routes import app_of, listen, open_tls_context, takes, tls_server
from agent.settings import Settings, parse_settings
from shared.bounded_files import MAX_NAMED_BYTES, read_bounded_text
from shared.certificates import make_certificate
from shared.whole_files import PRIVATE, NewFile, replace_all

_POLL_S = 0.2
MAX_PORT = 65_535


def make_own_key(settings: Settings) -> bytes:
    """Return the agent's certificate (DER); it is made, with its key, if neither is there.

    Raises:
        ConfigError: If only one of them is there, or they cannot be read or written.
    """
    certificate, key = settings.tls.certificate, settings.tls.key
    try:
        there = [path for path in (certificate, key) if path.exists()]
        if not there:
            made, secret = make_certificate(f"{settings.cluster} {settings.node}", use="agent")
            replace_all({key: NewFile(secret, PRIVATE), certificate: NewFile(made)})
        elif there == [certificate] and key != certificate:
            raise ConfigError(f"{certificate} is there and {key} is not; remove it, to have both made anew.")
        elif there == [key]:
            raise ConfigError(f"{key} is there and {certificate} is not; remove it, to have both made anew.")
        shown = pem_certificates(read_bounded_text(certificate))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The agent's certificate and key cannot be read or made ({error}).") from error
    if not shown:
        raise ConfigError(f"{certificate} holds no certificate; remove it and {key}, to have both made anew.")
    return der_of(shown[0])


@dataclass
class PairingWindow:
    """Waits for one bot. A proof that is wrong ends it too: whoever guesses, guesses once.

    Args:
        config: The agent's settings file, which will hold the bot's grant keys.
        settings: What is in it.
        certificate: The agent's certificate, DER.
        code: The code's bytes.
    """

    config: Path
    settings: Settings
    certificate: bytes
    code: bytes
    paired_with: BotCredentials | None = None
    failure: AgentError | None = None

    @property
    def is_over(self) -> bool:
        """Return whether a bot was paired with, or the one try was used up."""
        return self.paired_with is not None or self.failure is not None

    async def pair(self, request: PairRequest) -> PairAnswer:
        """Pin the keys of a bot that holds the code, and prove to hold it too.

        Raises:
            DeniedError: If it does not hold the code, or the window is over.
            BadRequestError: If it means another node.
            ConflictError: If the keys cannot be pinned.
        """
        if self.is_over:
            raise DeniedError("pairing", "This pairing is over; begin again with `neumann-agent pair`.")
        identity = request.identity
        if not is_proof(request.proof, self._proof("bot", identity)):
            self.failure = PairingError(
                "Somebody who did not hold the code, or saw another certificate than this agent's, asked to"
                " be paired with; nothing was changed. Begin again, and compare the fingerprints."
            )
            raise DeniedError("pairing", "The code is not this agent's, or somebody stands in between.")
        if (identity.cluster, identity.node) != (self.settings.cluster, self.settings.node):
            raise BadRequestError(
                "other_node", f"This is {self.settings.node} of {self.settings.cluster}; name it so."
            )
        try:
            pin(self.config, identity)
        except AgentError as error:
            self.failure = error
            raise ConflictError("pairing", str(error)) from error
        self.paired_with = identity
        return PairAnswer(proof=self._proof("agent", identity))

    def _proof(self, side: Literal["agent", "bot"], identity: BotCredentials) -> str:
        return prove(self.code, side, agent_certificate=self.certificate, identity=identity)


def listener(settings: Settings, address: str | None) -> socket.socket:
    """Bind where a bot shall come: the address that is given, or `listen`, or one port above it.

    Raises:
        ConfigError: If it is no address, or cannot be bound.
    """
    try:
        split_address(address or settings.listen)
    except ValueError as error:
        raise ConfigError(f"{address} is not an address to wait at: {error}.") from error
    try:
        return listen(address or settings.listen)
    except ConfigError:
        host, port = split_address(settings.listen)
        if address or port == MAX_PORT:
            raise
        return listen(f"[{host}]:{port + 1}" if ":" in host else f"{host}:{port + 1}")


async def wait_for_bot(window: PairingWindow, listener: socket.socket, *, within_s: float) -> BotCredentials:
    """Serve until a bot has been paired with.

    Args:
        window: What is waited for.
        listener: Where it is to come.
        within_s: Seconds, on the boot clock, which nobody sets.

    Raises:
        PairingError: If nobody came in time, or who came did not hold the code.
        ConfigError: If the keys cannot be written.
    """
    app = app_of(Route(PAIRING_PATH, takes(PairRequest, window.pair), methods=["POST"]))
    server = tls_server(app, open_tls_context(window.settings.tls))
    until_s = boottime_s() + within_s
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    # Not an event with a timeout: that is the loop's clock, which stands still in suspend.
    while not (window.is_over or serving.done()) and boottime_s() < until_s:  # noqa: ASYNC110
        await asyncio.sleep(_POLL_S)
    server.should_exit = True
    await serving
    if window.paired_with is None:
        raise window.failure or PairingError(f"Nobody came within {within_s:.0f} s; nothing was changed.")
    return window.paired_with


def code_from(file: str | None) -> tuple[str | None, bytes]:
    """Return a new code and its bytes, or the bytes of the code in a file; `-` is stdin.

    Raises:
        ConfigError: If the file cannot be read or holds no code.
    """
    if file is None:
        code = new_code()
        return code, parse_code(code)
    try:
        return None, parse_code(
            sys.stdin.readline(MAX_NAMED_BYTES) if file == "-" else read_bounded_text(Path(file))
        )
    except (OSError, ValueError) as error:
        raise ConfigError(f"The code cannot be taken from {file} ({error}): openssl rand -hex 16") from error


@contextmanager
def settings_replaced(path: Path, text: str) -> Iterator[None]:
    """Write the settings file that the bot's host has made for this node; an earlier one is kept beside it.

    Where nobody is paired with, the earlier one is put back: the agent that it belongs to may still serve.

    Raises:
        ConfigError: If it is no settings file, or cannot be written.
    """
    try:
        parse_settings(tomllib.loads(text), path)
        new = {path: NewFile(text.encode())}
        former = path.read_bytes() if path.exists() else None
        if former is not None:
            new[path.with_name(path.name + ".former")] = NewFile(former)
        replace_all(new)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"What came for {path} is not valid TOML ({error}).") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror}).") from error
    try:
        yield
    except BaseException:  # also where the process is told to end
        if former is not None:
            replace_all({path: NewFile(former)})
        raise


def how_to_add(settings: Settings, certificate: bytes, port: int) -> str:
    """Say what to do on the bot's side, and what will be seen there; `port` is where the pairing waits."""
    serves = split_address(settings.listen)[1]
    beside = "" if port == serves else f" --pair-at https://{settings.node}:{port}"
    return (
        f"This agent's certificate is sha256:{fingerprint(certificate)}.\n"
        f"On the bot's host: neumann-bot agents add --cluster {settings.cluster} --node {settings.node}"
        f" --url https://{settings.node}:{serves}{beside}"
    )


def who_was_pinned(identity: BotCredentials) -> str:
    """Say whom this agent trusts now."""
    shown = ", ".join(f"sha256:{fingerprint(der_of(pem))}" for pem in identity.certificates)
    return (
        f"Paired: this agent lets in the bot that shows {shown}.\n"
        "Start the agent now, or reload it: systemctl reload-or-restart neumann-agent"
    )
