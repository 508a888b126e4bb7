"""The test bed: a node of shell scripts and files, its keys, and the bot's end of the line."""

from __future__ import annotations

import asyncio
import base64
import os
import random
import socket
import ssl
import sys
import threading
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import tomlkit
import trustme
from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from nacl.signing import SigningKey
from starlette.applications import Starlette

from agent.actions.after_crash import judge_what_was_begun
from agent.actions.executor import Executor
from agent.actions.kinds import offered_by
from agent.actions.ledger import Ledger
from agent.pods.reader import reader_of
from agent.protocol import (
    Action,
    ActionReport,
    Grant,
    Prepared,
    PrepareRequest,
    Refusal,
    SignedGrant,
    SignedWithdrawal,
    UndoRequest,
    action_id,
    sign,
    undo_action_id,
)
from agent.server.deadlines import Deadlines
from agent.server.routes import DEFAULT_DEADLINES, build_app, build_server
from agent.settings import Limits, Settings, parse_settings

CONFIG = """\
# node1 of the demo cluster
[node]
id = "node1"

[cluster]
peers = ["node2:7878", "node3:7878"]

[raft]
election_timeout_min_ms = 150   # documented default
election_timeout_max_ms = 300
heartbeat_interval_ms = 50

[metrics]
enabled = true  # for Prometheus
"""

CHRONYC = """#!/bin/sh
echo "chronyc $*" >> FOLDER/calls
case "$*" in
  "-c tracking") cat FOLDER/tracking ;;
  makestep) ACT<sleep "$(cat FOLDER/slow)"; cp FOLDER/tracking_after FOLDER/tracking; echo "200 OK">;;
  *) echo "Unrecognized command"; exit 1 ;;
esac
"""
TIMEDATECTL = """#!/bin/sh
printf 'Timezone=UTC\\nNTP=yes\\nNTPSynchronized=yes\\n'
"""
SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >> FOLDER/calls
case "$1" in
  show) cat FOLDER/service ;;
  reset-failed) ;;
  start|restart) ACT<cp FOLDER/service_after FOLDER/service>;;
  *) exit 1 ;;
esac
"""
NEUMANN = """#!/bin/sh
echo "neumann $*" >> FOLDER/calls
case "$*" in
  "raft transfer-leadership --to "*) ACT<cp FOLDER/metrics_after FOLDER/metrics>;;
  *) echo "error: unexpected argument" >&2; exit 2 ;;
esac
"""
PING = """#!/bin/sh
echo "ping $*" >> FOLDER/calls
echo "1 packets transmitted, 1 received, 0% packet loss, time 0ms"
"""


class Node:
    """What the agent's commands find: change the files, and the node has changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._transactions, self._raft = "0", (("leader", 7), ("follower", 8))
        self.config = folder / "config.toml"
        self.config.write_text(CONFIG)
        self.log = folder / "tensor_chain.log"
        for name, text in {
            "chronyc": CHRONYC,
            "timedatectl": TIMEDATECTL,
            "systemctl": SYSTEMCTL,
            "neumann": NEUMANN,
            "ping": PING,
        }.items():
            before, acts, rest = text.partition("ACT<")
            effect, _, after = rest.partition(">;;")
            script = f"{before}{self.acting(name, effect)} ;;{after}" if acts else text
            (folder / name).write_text(script.replace("FOLDER", str(folder)))
            (folder / name).chmod(0o755)
        (folder / "slow").write_text("0")
        self.set_transactions("0")
        self.set_clock(ahead_s=2.4, after_step_s=0.0004)
        self.set_service("active", 100, then=("active", 101))

    def acting(self, _program: str, effect: str) -> str:
        """What a program does where it acts."""
        return effect

    def set_clock(self, *, ahead_s: float, after_step_s: float, leap: str = "Normal") -> None:
        # chrony prints the correction: negative where the clock is ahead.
        for name, offset_s in (("tracking", ahead_s), ("tracking_after", after_step_s)):
            (self.folder / name).write_text(
                f"C0A80001,192.168.0.1,3,1700000000.000000000,{-offset_s:.9f},0.000001,0.000002,"
                f"-1.000,0.001,0.010,0.020000000,0.001000000,64.2,{leap}\n"
            )

    def set_transactions(self, count: str) -> None:
        """What the node's metrics page says; the server of `metrics_page` reads it at each request."""
        self._transactions = count
        self._write_metrics()

    def set_raft(self, role: str, term: int, *, then: tuple[str, int]) -> None:
        """Which part the node has, and which once its leadership was handed on."""
        self._raft = ((role, term), then)
        self._write_metrics()

    def _write_metrics(self) -> None:
        for name, (role, term) in zip(("metrics", "metrics_after"), self._raft, strict=True):
            (self.folder / name).write_text(
                "".join(
                    f'tensor_chain_raft_state{{state="{each}"}} {int(each == role)}\n'
                    for each in ("follower", "candidate", "leader")
                )
                + f"tensor_chain_term {term}\ntensor_chain_tx_active {self._transactions}\n"
            )

    def set_service(self, state: str, pid: int, *, then: tuple[str, int]) -> None:
        for name, (active, main_pid) in (("service", (state, pid)), ("service_after", then)):
            (self.folder / name).write_text(
                f"MainPID={main_pid}\nActiveState={active}\n"
                f"ExecMainStartTimestampMonotonic={7_500_000 if main_pid else 0}\n"
                "NRestarts=2\nResult=success\n"
            )

    def calls(self, prefix: str) -> int:
        path = self.folder / "calls"
        return sum(line.startswith(prefix) for line in path.read_text().splitlines()) if path.exists() else 0


@contextmanager
def metrics_page(node: Node) -> Iterator[str]:
    """Serve the node's metrics page from a thread, so that tests need no loop for it."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (node.folder / "metrics").read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@asynccontextmanager
async def metrics_server(*parts: bytes, hold_open: bool = False) -> AsyncIterator[str]:
    """Answer every request on a free port with these bytes, and close, or hold the connection open."""
    over = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The client may have had enough.
        with suppress(ConnectionError):
            request = await reader.readuntil(b"\r\n\r\n")
            assert request.startswith(b"GET /metrics HTTP/1.0\r\n")
            for part in parts:
                writer.write(part)
                await writer.drain()
            if hold_open:
                await over.wait()
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        over.set()
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def agent_process(
    document: dict[str, Any],
    folder: Path,
    *,
    prefix: tuple[str, ...] = (),
    environment: Mapping[str, str] = {},
) -> AsyncIterator[tuple[Process, str]]:
    """Run an agent in a process of its own until it listens; whatever is left of it is killed."""
    address = f"127.0.0.1:{free_port()}"
    (folder / "agent.toml").write_text(tomlkit.dumps(document | {"listen": address}))
    process = await asyncio.create_subprocess_exec(
        *prefix, sys.executable, "-m", "agent.cli", "serve", "--config", str(folder / "agent.toml"),
        stdin=DEVNULL, env=dict(os.environ) | dict(environment),
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            while not await _listens(address):
                assert process.returncode is None
                await asyncio.sleep(0.02)
        yield process, f"https://{address}"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def free_port() -> int:
    """Return a port below those that the kernel gives away by itself, so that nobody gets it meanwhile."""
    while True:
        port = random.randrange(15_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


async def _listens(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@dataclass(frozen=True)
class Pki:
    folder: Path
    authority: trustme.CA

    @classmethod
    def make(cls, folder: Path) -> Pki:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "authority.pem")
        return cls(folder, authority)

    def issue(
        self,
        name: str,
        *,
        authority: trustme.CA | None = None,
        not_before: datetime = datetime(2001, 1, 1, tzinfo=UTC),
        not_after: datetime | None = None,
    ) -> Path:
        path = self.folder / f"{name}.pem"
        if not path.exists():
            leaf = (authority or self.authority).issue_cert(
                "127.0.0.1",
                common_name=name,
                not_before=not_before,
                not_after=not_after,
            )
            leaf.private_key_and_cert_chain_pem.write_to_path(path)
            path.chmod(0o600)
        return path


@dataclass(frozen=True)
class Bot:
    """The other end: it has a client certificate and a grant key."""

    http: httpx.AsyncClient
    key: SigningKey

    async def prepare(self, action: Action, *, generation: int = 1) -> Prepared | Refusal:
        name = action_id(cluster="demo", incident="i1", generation=generation, node="node1", action=action)
        body = PrepareRequest(action_id=name, action=action).to_json()
        answer = await self.http.post("/v1/prepare", content=body)
        if answer.status_code == 200:
            return Prepared.from_json(answer.content)
        assert answer.status_code == 409
        return Refusal.from_json(answer.content)

    async def grant(self, action: Action, *, generation: int = 1, fence: int = 1) -> Grant:
        prepared = await self.prepare(action, generation=generation)
        assert isinstance(prepared, Prepared), prepared
        return Grant(
            action_id=action_id(
                cluster="demo", incident="i1", generation=generation, node="node1", action=action
            ),
            cluster="demo",
            node="node1",
            incident="i1",
            action=action,
            precondition=prepared.state,
            fence=fence,
            nonce=prepared.nonce,
            confirmed_by="U1",
        )

    async def grant_undo(self, done: Grant, attempt: int | UnsetType = UNSET) -> Grant | Refusal:
        """Ask for leave to undo an action that was granted."""
        body = UndoRequest(action_id=done.action_id, attempt=attempt).to_json()
        answer = await self.http.post("/v1/undo", content=body)
        if answer.status_code != 200:
            assert answer.status_code == 409
            return Refusal.from_json(answer.content)
        prepared = Prepared.from_json(answer.content)
        return replace(
            done,
            action_id=undo_action_id(done.action_id, attempt),
            attempt=attempt,
            undoes=done.action_id,
            precondition=prepared.state,
            nonce=prepared.nonce,
        )

    async def commit(self, grant: Grant | SignedGrant) -> ActionReport | tuple[int, str]:
        signed = sign(grant, self.key) if isinstance(grant, Grant) else grant
        answer = await self.http.post("/v1/commit", content=signed.to_json())
        if answer.status_code == 200:
            return ActionReport.from_json(answer.content)
        return answer.status_code, Refusal.from_json(answer.content).reason

    async def withdraw(self, action: Action, name: str) -> ActionReport:
        body = PrepareRequest(action_id=name, action=action).to_json()
        return ActionReport.from_json((await self.http.post("/v1/withdraw", content=body)).content)

    async def void(self, signed: SignedWithdrawal) -> ActionReport | tuple[int, str]:
        answer = await self.http.post("/v1/void", content=signed.to_json())
        if answer.status_code == 200:
            return ActionReport.from_json(answer.content)
        return answer.status_code, Refusal.from_json(answer.content).reason

    async def report(self, name: str) -> ActionReport:
        return ActionReport.from_json((await self.http.get(f"/v1/actions/{name}")).content)


PEERS = [
    {"node": name, "raft": "127.0.0.1:9", "gossip": "127.0.0.1:9", "ping": name}
    for name in ("node2", "node3")
]
"""The rest of the cluster, of which nothing answers."""


def document_of(node: Node, pki: Pki, grant_key: SigningKey) -> dict[str, Any]:
    """Return an agent's settings file as a dict."""
    server = str(pki.issue("server"))
    return {
        "cluster": "demo",
        "node": "node1",
        "listen": "127.0.0.1:7880",
        "state_dir": str(node.folder / "state"),
        "config_file": str(node.config),
        "log_files": [str(node.log)],
        "data_dir": str(node.folder),
        # The discard port, where nobody listens.
        "metrics_url": "http://127.0.0.1:9",
        "tls": {"certificate": server, "key": server, "authority": str(pki.folder / "authority.pem")},
        "grants": {"verify_keys": [base64.b64encode(bytes(grant_key.verify_key)).decode()]},
        "commands": {
            name: str(node.folder / name)
            for name in ("chronyc", "ntpq", "timedatectl", "systemctl", "ping", "journalctl", "neumann")
        },
        "limits": {"same_action_interval_s": 0, "stays_up_s": 0},
    }


def settings_from(document: dict[str, Any]) -> Settings:
    """Return what an agent makes of its settings file."""
    return parse_settings(document, Path("agent.toml"))


def client_of(pki: Pki, url: str, certificate: Path | None) -> httpx.AsyncClient:
    context = ssl.create_default_context(cafile=pki.folder / "authority.pem")
    if certificate:
        context.load_cert_chain(certificate)
    return httpx.AsyncClient(base_url=url, verify=context, timeout=20)


@asynccontextmanager
async def serving(
    settings: Settings, deadlines: Deadlines = DEFAULT_DEADLINES
) -> AsyncIterator[tuple[str, Starlette]]:
    """Serve an agent in this process, on a free port; yields its address and its application."""
    settings.state_dir.mkdir(exist_ok=True)
    ledger = Ledger(settings.state_dir / "ledger.sqlite3")
    reader = reader_of(settings, offered_by)
    executor = Executor(settings, reader, ledger)
    executor.see_through(await judge_what_was_begun(settings, reader, ledger))
    app = build_app(settings, reader, executor)
    server = build_server(app, settings, deadlines)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                assert not serving.done()
                await asyncio.sleep(0.005)
            yield f"https://127.0.0.1:{listener.getsockname()[1]}", app
        finally:
            server.should_exit = True
            await serving
            await executor.finish()
            ledger.close()


@asynccontextmanager
async def standing(folder: Path) -> AsyncIterator[tuple[Node, Bot, Starlette]]:
    """Serve an agent of a new node in a folder, without fixtures; its nonces live ten minutes."""
    node, pki, key = Node(folder), Pki.make(folder), SigningKey.generate()
    with metrics_page(node) as metrics_url:
        document = document_of(node, pki, key) | {"metrics_url": metrics_url, "peers": PEERS}
        # Longer than any settings file may say.
        limits = Limits(same_action_interval_s=0, nonce_life_s=600, stays_up_s=0)
        settings = replace(settings_from(document), limits=limits)
        async with (
            serving(settings) as (url, app),
            client_of(pki, url, pki.issue("bot")) as http,
        ):
            yield node, Bot(http, key), app


Serve = Callable[..., AbstractAsyncContextManager[str]]
"""Takes settings, and deadlines where they matter."""
Client = Callable[[str, Path | None], httpx.AsyncClient]
Connected = Callable[[Settings], AbstractAsyncContextManager[Bot]]
