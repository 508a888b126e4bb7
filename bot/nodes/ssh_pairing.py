"""Pair with an agent over SSH: the code and the agent's settings go through the shell, nobody types."""

from __future__ import annotations

import asyncio
import shlex
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from agent.protocol.pairing import BotCredentials, new_code, parse_code
from bot.nodes.pairing import NobodyWaits, pair
from handlers.errors import Refused
from shared.sanitize import lines_of

WAITS_WITHIN_S = 60.0
_POLL_S = 0.3
ENDS_WITHIN_S = 15.0
"""How long the shell may take to start the former agent again where nobody was paired with."""

REMOTE = (
    "was=$(systemctl is-active neumann-agent 2>/dev/null);"
    " systemctl stop neumann-agent 2>/dev/null;"
    f" if neumann-agent pair --code-file - --settings-from-stdin --within-s {WAITS_WITHIN_S:.0f};"
    " then systemctl enable --now neumann-agent;"
    ' else [ "$was" != active ] || systemctl start neumann-agent; exit 1; fi'
)
"""What root's shell on the node is asked to run; code and settings come over its standard input."""


@dataclass(frozen=True)
class SshPairing:
    """Pairs with one node: `shell` is the command that reaches root's shell on a host, ssh with its options.

    `settings` is the agent's settings file for this node.
    """

    shell: Sequence[str]
    settings: Path

    async def pair(self, url: str, wanted: BotCredentials, tell: Callable[[str], None]) -> str:
        """Return the certificate (PEM) of the agent at an address, once it runs with its settings.

        Raises:
            Refused: If the shell fails, nobody waits within a minute, or the pairing fails.
        """
        try:
            settings = self.settings.read_text(encoding="utf-8")
        except OSError as error:
            raise Refused(f"{self.settings} cannot be read: {error.strerror}.") from error
        code = new_code()
        try:
            process = await asyncio.create_subprocess_exec(
                *self.shell, httpx.URL(url).host, REMOTE, stdin=PIPE, stdout=PIPE, stderr=STDOUT
            )
        except OSError as error:
            raise Refused(f"{shlex.join(self.shell)} cannot be run: {error.strerror}.") from error
        talking = asyncio.create_task(process.communicate(f"{code}\n{settings}".encode()))
        try:
            certificate = await _paired(url, code, wanted, tell, talking)
            said, _ = await asyncio.wait_for(asyncio.shield(talking), WAITS_WITHIN_S)
        except TimeoutError as error:
            raise Refused(f"The shell on the node did not end within {WAITS_WITHIN_S:.0f} s.") from error
        except Refused:
            await asyncio.wait({talking}, timeout=ENDS_WITHIN_S)
            raise
        finally:
            if process.returncode is None:
                process.kill()
            await asyncio.gather(talking, return_exceptions=True)
        if process.returncode:
            raise Refused(f"It is paired, but its agent was not started: {_last_line(said)}")
        return certificate


async def _paired(
    url: str,
    code: str,
    wanted: BotCredentials,
    tell: Callable[[str], None],
    talking: asyncio.Task[tuple[bytes, bytes]],
) -> str:
    """Ask until the agent waits there, or the shell has ended without."""
    until_s = asyncio.get_running_loop().time() + WAITS_WITHIN_S
    while True:
        try:
            return await pair(url, parse_code(code), wanted, tell)
        except NobodyWaits:
            if talking.done():
                raise Refused(f"The shell on the node ended: {_last_line(talking.result()[0])}") from None
            if asyncio.get_running_loop().time() > until_s:
                raise
        await asyncio.sleep(_POLL_S)


def _last_line(said: bytes) -> str:
    lines = [line for line in lines_of(said.decode(errors="replace")) if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
