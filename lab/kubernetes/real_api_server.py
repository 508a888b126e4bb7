"""A real kube-apiserver over a real etcd, as processes of this machine, for whoever has the two programs."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import ssl
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import trustme

ASSETS = Path(os.environ.get("KUBEBUILDER_ASSETS", "/usr/local/kubebuilder/bin"))
"""Where the two programs are; the variable is that of Kubernetes' own envtest."""
MISSING = tuple(name for name in ("kube-apiserver", "etcd") if not os.access(ASSETS / name, os.X_OK))
WITHIN_S = 60.0


@dataclass(frozen=True)
class RealApiServer:
    """Where it listens, the token of an administrator there, and the authority of its certificate."""

    address: str
    admin_token: str
    authority: bytes


@asynccontextmanager
async def real_api_server(folder: Path) -> AsyncIterator[RealApiServer]:
    """Run both programs until they answer; whatever is left of them is killed."""
    authority, token = trustme.CA(), secrets.token_hex(16)
    pair = authority.issue_cert("127.0.0.1")
    pair.private_key_pem.write_to_path(folder / "server.key")
    pair.cert_chain_pems[0].write_to_path(folder / "server.pem")
    (folder / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n")
    store, peers, address = (f"127.0.0.1:{_free_port()}" for _ in range(3))
    async with AsyncExitStack() as stack:
        await _run(
            stack, "etcd", folder, f"--data-dir={folder}/etcd", f"--listen-client-urls=http://{store}",
            f"--advertise-client-urls=http://{store}", f"--listen-peer-urls=http://{peers}",
        )  # fmt: skip
        await _run(
            stack, "kube-apiserver", folder, f"--etcd-servers=http://{store}", "--bind-address=127.0.0.1",
            f"--secure-port={address.rpartition(':')[2]}", f"--cert-dir={folder}",
            f"--tls-cert-file={folder}/server.pem", f"--tls-private-key-file={folder}/server.key",
            f"--token-auth-file={folder}/tokens.csv", "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={folder}/server.key",
            f"--service-account-key-file={folder}/server.key", "--service-cluster-ip-range=10.0.0.0/24",
        )  # fmt: skip
        server = RealApiServer(address, token, authority.cert_pem.bytes())
        await _until_ready(server)
        yield server


def client_of(server: RealApiServer, token: str) -> httpx.AsyncClient:
    """Return a client that shows this token."""
    context = ssl.create_default_context(cadata=server.authority.decode())
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(
        base_url=f"https://{server.address}", verify=context, headers=headers, timeout=30
    )


async def _run(stack: AsyncExitStack, program: str, folder: Path, *arguments: str) -> None:
    log = stack.enter_context((folder / f"{program}.log").open("wb"))
    process = await asyncio.create_subprocess_exec(
        str(ASSETS / program), *arguments, stdin=DEVNULL, stdout=log, stderr=log
    )
    stack.push_async_callback(_end, process)


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


async def _until_ready(server: RealApiServer) -> None:
    async with client_of(server, server.admin_token) as admin, asyncio.timeout(WITHIN_S):
        while True:
            try:
                if (await admin.get("/readyz")).is_success:
                    return
            except httpx.HTTPError:
                pass  # it does not listen yet
            await asyncio.sleep(0.1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
