"""A bot's keys, and `neumann-agent pair` in a process of its own."""

from __future__ import annotations

import asyncio
import base64
import ssl
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from nacl.signing import SigningKey

from agent.protocol import Refusal
from agent.protocol.pairing import (
    BotCredentials,
    PairAnswer,
    PairRequest,
    parse_code,
    prove,
)
from shared.certificates import make_certificate

COMMENT = "# kept: who may act on this node\n"


@dataclass(frozen=True)
class Keys:
    """A bot's: a certificate of its own, and what signs grants."""

    folder: Path
    certificate: str
    grant: SigningKey

    @classmethod
    def make(cls, folder: Path) -> Keys:
        folder.mkdir()
        certificate, key = make_certificate("neumann-bot", use="bot")
        (folder / "bot.pem").write_bytes(certificate + key)
        return cls(folder, certificate.decode(), SigningKey.generate())

    @property
    def verify_key(self) -> str:
        return base64.b64encode(bytes(self.grant.verify_key)).decode()

    def identity(self, *, cluster: str = "demo", node: str = "node1") -> BotCredentials:
        return BotCredentials(
            cluster=cluster, node=node, certificates=(self.certificate,), verify_keys=(self.verify_key,)
        )

    def request(self, code: str, agent_certificate: bytes, **named: str) -> str:
        identity = self.identity(**named)
        proof = prove(parse_code(code), "bot", agent_certificate=agent_certificate, identity=identity)
        return PairRequest(identity=identity, proof=proof).to_json()

    def client(self, url: str, agent_certificate: str) -> httpx.AsyncClient:
        context = ssl.create_default_context(cadata=agent_certificate)
        context.check_hostname = False
        context.load_cert_chain(self.folder / "bot.pem")
        return httpx.AsyncClient(base_url=url, verify=context, timeout=20)


@dataclass(frozen=True)
class Waiting:
    """`neumann-agent pair` in a process of its own."""

    process: Process
    url: str
    certificate: str

    async def ask(self, body: str) -> PairAnswer | tuple[int, str]:
        async with httpx.AsyncClient(verify=_nobody_in_particular(), timeout=20) as http:
            answer = await http.post(f"{self.url}/v1/pair", content=body)
        if answer.is_success:
            return PairAnswer.from_json(answer.content)
        return answer.status_code, Refusal.from_json(answer.content).reason

    async def end(self) -> tuple[int | None, str, str]:
        async with asyncio.timeout(30):
            out, err = await self.process.communicate()
        return self.process.returncode, out.decode(), err.decode()


def _nobody_in_particular() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def free_address() -> str:
    reserved = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    address = f"127.0.0.1:{reserved.sockets[0].getsockname()[1]}"
    reserved.close()
    return address


@asynccontextmanager
async def pairing(config: Path, code: str | None, within_s: float = 60) -> AsyncIterator[Waiting]:
    address = await free_address()
    given = () if code is None else ("--code-file", "-")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", "pair", "--config", str(config), "--listen", address,
        "--within-s", str(within_s), *given, stdin=PIPE, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    assert process.stdin
    process.stdin.write(f"{code}\n".encode() if code else b"")
    process.stdin.close()
    try:
        host, port = address.split(":")
        async with asyncio.timeout(30):
            while True:
                try:
                    shown = await asyncio.to_thread(ssl.get_server_certificate, (host, int(port)))
                    break
                except OSError:
                    assert process.returncode is None, (await process.communicate())[1].decode()
                    await asyncio.sleep(0.05)
        yield Waiting(process, f"https://{address}", shown)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
