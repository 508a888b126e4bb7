"""Stub nodes in one process: a metrics page, `/health`, and an agent behind mutual TLS, for `reading`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from agent import protocol as wire

PAGE_BYTES = 17_000
Answer = Callable[[str], Awaitable[tuple[str, bytes]]]
"""Request path → content type and body."""


def metrics_text(elections: int = 3) -> str:
    """Return a page of 17 KB: the Raft and gossip gauges first, then as many histogram lines as it takes."""
    roles = "".join(
        f'tensor_chain_raft_state{{state="{role}"}} {value}\n'
        for role, value in (("follower", 1), ("candidate", 0), ("leader", 0))
    )
    gauges = {"term": 7, "commit_index": 184_022, "applied_index": 184_022, "elections_total": elections}
    gauges |= {"gossip_healthy": 3, "gossip_failed": 0}
    lines = [roles, *(f"tensor_chain_{name} {value}\n" for name, value in gauges.items())]
    size = sum(map(len, lines))
    while size < PAGE_BYTES:
        lines.append(
            f'tensor_store_query_seconds_bucket{{kind="put",le="{len(lines) / 1000}"}} {len(lines)}\n'
        )
        size += len(lines[-1])
    return "".join(lines)


def observation(node: str, names: tuple[str, ...]) -> bytes:
    """Return everything an agent reads, with a connect to both ports of every peer and a ping."""
    peers = [name for name in names if name != node]
    kinds = {"tensor_chain.log": "/var/log/neumann/tensor_chain.log", "config": "/etc/neumann/config.toml"}
    page = "".join(line + "\n" for line in metrics_text().splitlines() if line.startswith("tensor_chain_"))
    config = wire.Config(
        path=kinds["config"], sha256="ab" * 32, election_timeout_min_ms=150, election_timeout_max_ms=300
    )
    return (
        wire.Observation(
            cluster="bench",
            node=node,
            boot_id="boot-1",
            boottime_s=3600.0,
            clock=wire.Read(value=wire.Clock(offset_ms=0.2, error_ms=1.0, synchronised=True, source="ntp")),
            service=wire.Read(value=wire.Service(state="active", pid=4711)),
            log=wire.Read(
                value=wire.Log(path=kinds["tensor_chain.log"], window_s=60, bytes_read=65_536, counts={})
            ),
            config=wire.Read(value=config),
            disk=wire.Read(
                value=wire.Disk(path="/var/lib/neumann", free_bytes=5 * 10**10, total_bytes=10**11)
            ),
            metrics=wire.Read(value=wire.MetricsPage(content_type="text/plain", text=page)),
            connects=wire.Read(
                value=tuple(
                    wire.Connect(peer=peer, port=port, result="open", latency_ms=0.4)
                    for peer in peers
                    for port in ("raft", "gossip")
                )
            ),
            pings=wire.Read(
                value=tuple(
                    wire.Ping(peer=peer, sent=20, received=20, rtt_min_ms=0.3, rtt_avg_ms=0.4, rtt_max_ms=0.9)
                    for peer in peers
                )
            ),
        )
        .to_json()
        .encode()
    )


def node_answer(*, hung: bool) -> Answer:
    """Answer as a node's own port; a hung process accepts, and never answers."""
    page = metrics_text().encode()
    health = json.dumps({"status": "healthy", "raft_state": "follower", "term": 7, "members": 3}).encode()

    async def answer(path: str) -> tuple[str, bytes]:
        if hung:
            await asyncio.sleep(3600)
        return ("text/plain; version=0.0.4", page) if path == "/metrics" else ("application/json", health)

    return answer


def agent_answer(body: bytes, agent_s: float) -> Answer:
    """Answer as an agent's port: `/v1/observe` takes its time, anything else answers at once."""

    async def answer(path: str) -> tuple[str, bytes]:
        if path != "/v1/observe":
            return "application/json", b"{}"
        await asyncio.sleep(agent_s)
        return "application/json", body

    return answer


async def listen(answer: Answer, context: ssl.SSLContext | None = None) -> int:
    """Serve HTTP/1.1 with kept connections on a free port of loopback, and return the port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                lengths = [line for line in head.split("\r\n") if line.lower().startswith("content-length:")]
                if lengths:
                    await reader.readexactly(int(lengths[0].split(":")[1]))
                kind, body = await answer(head.split()[1])
                start = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(start.encode() + body)
                await writer.drain()
        except (EOFError, OSError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context, backlog=512)
    port: int = server.sockets[0].getsockname()[1]
    return port


async def main(options: argparse.Namespace) -> None:
    """Serve until stdin ends; the first line of stdout is every node's name and its two ports, as JSON."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=options.keys / "authority.pem")
    context.load_cert_chain(options.keys / "agent.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    names = tuple(f"node{number}" for number in range(1, options.nodes + 1))
    ports = {
        name: (
            await listen(node_answer(hung=number < options.hung)),
            await listen(agent_answer(observation(name, names), options.agent_s), context),
        )
        for number, name in enumerate(names)
    }
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)  # hung connections are not waited for


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, required=True)
    parser.add_argument("--hung", type=int, default=0, help="so many nodes' own ports never answer")
    parser.add_argument("--agent-s", type=float, required=True, help="seconds that /v1/observe takes")
    parser.add_argument("--keys", type=Path, required=True)
    uvloop.run(main(parser.parse_args()))
