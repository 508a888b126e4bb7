"""Random and half-valid TLS, HTTP and JSON at an agent's port: `python -m measure.attack.port_fuzz`.

The agent is a process of its own. Half of the callers have no certificate; the others hold the bot's, as
somebody does who has taken its host over. Nothing may be done, no process may end, and what the agent holds
in memory must stay within bounds; afterwards it answers as before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import ssl
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from tests.agent.bed import Node, Pki, agent_process, client_of, document_of

AT_ONCE = 8
ANSWERED_WITHIN_S = 0.3
"""A caller that is not answered by then goes away."""

MAX_GROWTH_MIB = 64
"""The unit allows the agent 512 MiB, of which it takes some 40 at rest."""

PATHS = ("/v1/health", "/v1/observe", "/v1/prepare", "/v1/commit", "/v1/withdraw", "/v1/void", "/v1/plan")
ODD_JSON: tuple[Any, ...] = (
    None, [], "", 1e308, -0.0, 2**64, {"a": None}, {"action": {"type": "restart_service"}}, "\u2028", True,
    {"readings": ["clock"] * 5_000}, {"action_id": "a" * 70_000}, {"readings": [{}]},
)  # fmt: skip


@dataclass
class Tally:
    """What came of it: how callers were answered, and what the agent took."""

    answers: Counter[str] = field(default_factory=Counter)
    grew_mib: float = 0.0
    done: int = 0
    descriptors: int = 0


def hello(chance: random.Random) -> bytes:
    """Return a genuine ClientHello, some of its bytes changed, or cut off."""
    ends = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(*ends, server_hostname="node1").do_handshake()
    said = bytearray(ends[1].read())
    for _ in range(chance.randrange(4)):
        said[chance.randrange(len(said))] = chance.randrange(256)
    return bytes(said[: chance.randrange(1, len(said) + 1)])


def before_tls(chance: random.Random) -> bytes:
    """Return what somebody without a certificate sends."""
    match chance.randrange(5):
        case 0:
            return chance.randbytes(chance.randrange(1, 4_000))
        case 1:  # a record as long as there can be, and more of it than it says
            return b"\x16\x03\x01\xff\xff" + chance.randbytes(70_000)
        case 2:
            return b"GET /v1/health HTTP/1.1\r\nHost: node1\r\n\r\n"
        case 3:
            return hello(chance) + chance.randbytes(chance.randrange(300))
        case _:
            return hello(chance)


def a_head(chance: random.Random) -> bytes:
    """Return the head of a request, genuine or nearly so."""
    path = chance.choice((*PATHS, "/" + "a" * 9_000, "//..//etc/passwd", "*", "/v1/actions/" + "f" * 64))
    method = chance.choice(("GET", "POST", "PUT", "CONNECT", "PRI", "\x00"))
    fields = [f"Host: {chance.choice(('node1', '', chr(0xE9) * 9))}"]
    fields += chance.choice(
        (
            [],
            ["Content-Length: 20", "Content-Length: 7"],
            ["Content-Length: -1"],
            [f"Content-Length: {10**30}"],
            ["Transfer-Encoding: chunked", "Content-Length: 3"],
            ["Transfer-Encoding: chunked"],
            [
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Key: x",
                "Sec-WebSocket-Version: 13",
            ],
            ["Expect: 100-continue", "Content-Length: 1000000000"],
            ["Content-Encoding: gzip", "Content-Length: 9"],
            [f"x-{number}: {'a' * 900}" for number in range(chance.randrange(120))],
        )
    )
    return "\r\n".join([f"{method} {path} HTTP/1.1", *fields, "", ""]).encode("latin-1")


def a_body(chance: random.Random) -> bytes:
    """Return a body: JSON of odd values, far too deep or too long, chunks that lie about themselves."""
    match chance.randrange(6):
        case 0:
            return json.dumps(chance.choice(ODD_JSON)).encode()
        case 1:
            return b"[" * chance.choice((100, 30_000))
        case 2:
            return b"ffffffffffffffff\r\n" + chance.randbytes(400)
        case 3:
            return b"1\r\na\r\n" * 3_000
        case 4:
            return chance.randbytes(chance.choice((10, 5_000, 200_000)))
        case _:
            return b'{"n":' + b"9" * chance.choice((50, 20_000)) + b"}"


def within_tls(chance: random.Random) -> bytes:
    """Return what somebody with the bot's certificate sends."""
    match chance.randrange(6):
        case 0:
            return chance.randbytes(chance.randrange(1, 20_000))
        case 1:
            return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + chance.randbytes(200)
        case 2:
            return b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n" * chance.randrange(2, 400)
        case 3:  # a head without end
            return b"GET /v1/health HTTP/1.1\r\n" + b"".join(
                b"x-%d: %s\r\n" % (n, b"a" * 60_000) for n in range(20)
            )
        case 4:
            return a_head(chance)[: chance.randrange(1, 200)]
        case _:
            return a_head(chance) + a_body(chance)


async def call(port: int, context: ssl.SSLContext | None, said: bytes) -> str:
    """Say it, and return how the agent took it: a status, silence, or that it hung up."""
    try:
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    except (OSError, TimeoutError):
        return "not let in"
    try:
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            writer.write(said)
            await writer.drain()
            answer = await reader.read(1_000)
    except TimeoutError:
        return "waited for more"
    except OSError:
        return "hung up"
    finally:
        writer.transport.abort()
    found = re.match(rb"HTTP/1.1 ([0-9]{3})", answer)
    return found[1].decode() if found else "an alert" if answer else "hung up"


async def fuzz(folder: Path, *, count: int, seed: int) -> Tally:
    """Let so many callers at a new agent, some at once."""
    chance, tally = random.Random(seed), Tally()
    node, pki = Node(folder), Pki.make(folder)
    document = document_of(node, pki, SigningKey.generate())
    Path(document["state_dir"]).mkdir(exist_ok=True)
    trusted = ssl.create_default_context(cafile=pki.folder / "authority.pem")
    trusted.load_cert_chain(pki.issue("bot"))
    async with agent_process(document, folder) as (process, url):
        port, at_rest, files = int(url.rpartition(":")[2]), _mib(process.pid), _open_files(process.pid)
        callers: list[tuple[ssl.SSLContext | None, Callable[[random.Random], bytes]]]
        callers = [(None, before_tls), (trusted, within_tls)]
        for done in range(0, count, AT_ONCE):
            chosen = [chance.choice(callers) for _ in range(min(AT_ONCE, count - done))]
            said = (call(port, context, say(chance)) for context, say in chosen)
            tally.answers.update(await asyncio.gather(*said))
            assert process.returncode is None, "the agent's process has ended"
        async with client_of(pki, url, pki.issue("bot")) as http:
            assert (await http.get("/v1/health")).status_code == 200
        tally.grew_mib = _mib(process.pid) - at_rest
        tally.descriptors = _open_files(process.pid) - files
    tally.done = node.calls("systemctl") + node.calls("chronyc makestep")
    return tally


def _mib(pid: int) -> float:
    """Return the most memory that the process has held at once."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def _open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def main() -> None:
    """Call and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="how many callers")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = asyncio.run(fuzz(Path(folder), count=options.count, seed=options.seed))
    print(dict(sorted(tally.answers.items())))
    print(f"memory {tally.grew_mib:+.0f} MiB, {tally.done} done, {tally.descriptors:+d} descriptors")
    raise SystemExit(bool(tally.done) or tally.grew_mib > MAX_GROWTH_MIB)


if __name__ == "__main__":
    main()
