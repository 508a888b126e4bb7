"""A pod's bed: an API server, played or real, a played kubelet, and an agent of the pod."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import trustme
import uvicorn

from agent.settings import Kubernetes, Settings, parse_settings
from lab.kubernetes.api_server import PlayedApiServer, Rule
from lab.kubernetes.kubelet import PlayedKubelet
from tests.agent.bed import CONFIG

KEY = "neumann-0.toml"
CONFIG_MAP = "neumann-0"
ROLE = (
    Rule(("get", "delete"), "pods", ("neumann-0",)),
    Rule(("get", "patch"), "configmaps", (CONFIG_MAP,)),
)


@dataclass
class Cluster:
    """An API server with its administrator, and the account that the agent has there."""

    address: str
    account: Path
    kubelet: PlayedKubelet
    played: PlayedApiServer | None = None

    def kubernetes(self, **fields: Any) -> Kubernetes:
        return msgspec.convert(self.section() | fields, Kubernetes, dec_hook=lambda kind, value: kind(value))

    def section(self) -> dict[str, Any]:
        return {
            "pod": "neumann-0",
            "config_map": CONFIG_MAP,
            "config_key": KEY,
            "api": self.address,
            "service_account": str(self.account),
            "ready_within_s": 60.0,
            "mounted_within_s": 60.0,
        }

    def settings(self, document: dict[str, Any]) -> Settings:
        """Return the settings of an agent beside Neumann in the pod."""
        return parse_settings(self.document(document), Path("agent.toml"))

    def document(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the settings as a file has them; a busy machine must not make a reading late."""
        return document | {
            "kubernetes": self.section(),
            "config_file": str(self.kubelet.volume / KEY),
            "deadlines": {"service": 30.0, "config": 30.0},
        }

    async def fill(self) -> str:
        """Create the ConfigMap, mount it, and run the pod; return the pod's uid."""
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": CONFIG_MAP},
            "data": {KEY: CONFIG},
        }
        made = await self.kubelet.admin.post(self.kubelet.path("configmaps"), json=body)
        made.raise_for_status()
        self.kubelet.mount(KEY, CONFIG)
        return await self.kubelet.run_pod()


def account_of(folder: Path, token: str, authority: bytes) -> Path:
    """Write what the kubelet mounts for a pod's service account."""
    account = folder / "serviceaccount"
    account.mkdir()
    (account / "token").write_text(token)
    (account / "namespace").write_text("neumann")
    (account / "ca.crt").write_bytes(authority)
    return account


@asynccontextmanager
async def played_cluster(folder: Path) -> AsyncIterator[Cluster]:
    """Serve a played API server in this process."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    played = PlayedApiServer(tokens={"agent": ROLE, "admin": None})
    config = uvicorn.Config(
        played.app(), port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    config.load()
    config.ssl = context
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done()
        await asyncio.sleep(0.005)
    address = f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    account = account_of(folder, "agent", authority.cert_pem.bytes())
    try:
        async with admin_of(address, "admin", account / "ca.crt") as admin:
            yield Cluster(address, account, PlayedKubelet(admin, folder / "volume"), played)
    finally:
        server.should_exit = True
        await serving


def admin_of(address: str, token: str, authority: Path) -> httpx.AsyncClient:
    context = ssl.create_default_context(cafile=str(authority))
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=f"https://{address}", verify=context, headers=headers, timeout=20)
