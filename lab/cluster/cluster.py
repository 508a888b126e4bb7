"""A whole lab: nodes, agents, links and keys, started and stopped as one."""

from __future__ import annotations

import asyncio
import functools
import shutil
import signal
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import httpx

from lab.cluster.control import ControlSocket
from lab.cluster.disks import disk
from lab.cluster.leadership import claims, until_settled
from lab.cluster.namespaces import NamespaceNetwork, claim_namespaces
from lab.cluster.network import Network
from lab.cluster.node_folder import Presentation, write_agent_file, write_node_folder
from lab.cluster.node_view import LabNode
from lab.cluster.pki import BotCredentials, Credentials, issue
from lab.cluster.process import Process
from lab.layout import Layout, claim_layout
from lab.node.settings import MetricsShape
from lab.node.tracing import LogFormat

START_DEADLINE_S = 60.0
HTTP_TIMEOUT_S = 1.0
MAX_SKEW_MS = 500

NetworkKind = Literal["proxies", "namespaces"]


class LabError(Exception):
    """The lab did not come up."""


class Lab:
    """A cluster with an agent beside each node. `async with Lab(folder) as lab` starts and stops it.

    Args:
        folder: Where everything is written: one folder a node, and `pki`.
        node_count: How many nodes, 1 to 9.
        cluster: The cluster's name.
        metrics_shape: How the nodes tell their role on /metrics.
        log_format: How the nodes write their log.
        with_agents: Whether agents run beside them.
        disk_mib: How large a file system in memory each node's data gets, in MiB; none for the disk there is.
        network: Whether links are proxies, or lead between network namespaces, which need root.
        election_timeouts_ms: Minimum and maximum that the nodes start with, by default the documented ones.
    """

    def __init__(
        self,
        folder: Path,
        *,
        node_count: int = 3,
        cluster: str = "demo",
        metrics_shape: MetricsShape = "state_label",
        log_format: LogFormat = "text",
        with_agents: bool = True,
        disk_mib: int | None = None,
        network: NetworkKind = "proxies",
        election_timeouts_ms: tuple[int, int] = (150, 300),
    ) -> None:
        self.folder = folder.resolve()
        self.cluster = cluster
        self.disk_mib = disk_mib
        self.configs: dict[str, str] = {}
        self.nodes: tuple[LabNode, ...] = ()
        self.services: dict[str, Process] = {}
        self.agents: dict[str, Process] = {}
        self.layout: Layout
        self.network: Network | NamespaceNetwork
        self.bot_credentials: BotCredentials
        self._node_count = node_count
        self._kind = network
        self._shape = metrics_shape
        self._log_format = log_format
        self._with_agents = with_agents
        self._election_timeouts_ms = election_timeouts_ms
        self._parts = AsyncExitStack()
        self._http: httpx.AsyncClient
        self._agent_http: httpx.AsyncClient
        self._control: Path

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Bring everything up, and wait until there is a leader and every agent answers.

        Raises:
            LabError: If that takes more than a minute, with what the processes last printed.
            OSError: If there is no free network to run on.
        """
        try:
            self._build()
            await self._start_parts()
            async with asyncio.timeout(START_DEADLINE_S):
                started = await asyncio.gather(
                    *(self.start_node(node.name) for node in self.nodes),
                    *(self._start_agent(name) for name in self.agents),
                    return_exceptions=True,  # none is still being started when the others are stopped
                )
                for failure in filter(None, started):
                    raise failure
                await until_settled(self.nodes, self._http)
        except (TimeoutError, httpx.HTTPError) as error:
            processes = (*self.services.values(), *self.agents.values())
            words = "\n".join(f"{each.name}: {each.last_words()}" for each in processes)
            await self.stop()
            raise LabError(f"The lab did not come up in {START_DEADLINE_S:.0f} s.\n{words}") from error
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End every process and close every socket; stopping twice is stopping once."""
        await self._parts.aclose()

    async def start_node(self, name: str) -> None:
        """Start a node's process and wait until it listens.

        Raises:
            TimeoutError: If it does not listen in 30 s, or ends before.
        """
        service = self.services[name]
        node = self.node(name)
        await service.start()
        for address in (node.raft, node.gossip, node.metrics):
            await service.until_listening(address)
        self.network.set_target_up(name, up=True)

    async def stop_node(self, name: str) -> None:
        """Stop a node's process in an orderly way."""
        await self.services[name].stop()

    async def restart_node(self, name: str) -> None:
        """Stop a node's process, and start it with what its files then say."""
        await self.stop_node(name)
        await self.start_node(name)

    async def kill(self, name: str) -> None:
        """SIGKILL a node's process. Nothing restarts it."""
        await self.services[name].kill()

    def freeze(self, name: str) -> None:
        """SIGSTOP a node's process: its sockets still accept, and nobody answers."""
        self.services[name].signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let a frozen process go on."""
        self.services[name].signal(signal.SIGCONT)

    def is_running(self, name: str) -> bool:
        """Return whether a node's process runs."""
        return self.services[name].state == "active"

    def node(self, name: str) -> LabNode:
        """Return the node of that name.

        Raises:
            KeyError: If there is none.
        """
        return {node.name: node for node in self.nodes}[name]

    async def claims(self) -> list[tuple[int, str]]:
        """Return term and name of every node that says it leads on /health, the newest term last."""
        return await claims(self.nodes, self._http)

    async def leader(self) -> str | None:
        """Return which node says it leads; of several, the one with the highest term."""
        return next((name for _, name in reversed(await self.claims())), None)

    def _build(self) -> None:
        in_namespaces = self._kind == "namespaces"
        layout = self.layout = (claim_namespaces if in_namespaces else claim_layout)(self._node_count)
        self._parts.callback(layout.release)
        socket_folder = Path(tempfile.mkdtemp(prefix="neumann-lab-"))  # short, whatever the lab's folder is
        self._parts.callback(shutil.rmtree, socket_folder, ignore_errors=True)
        self._control = socket_folder / "control"
        self.network = NamespaceNetwork(layout) if in_namespaces else Network(layout)
        credentials = issue(self.folder / "pki", layout.nodes)
        self.bot_credentials = credentials.bot
        self.nodes = tuple(LabNode.at(node, self.folder) for node in layout.nodes)
        self._write(layout, credentials)
        if self.disk_mib is not None:
            for node in self.nodes:
                self._parts.enter_context(disk(node.data_folder, self.disk_mib))

    def _write(self, layout: Layout, credentials: Credentials) -> None:
        looks = (self.cluster, self._shape, self._log_format, MAX_SKEW_MS, self._control)
        look = Presentation(*looks, self._election_timeouts_ms)
        for node in layout.nodes:
            folder = self.folder / node.name
            write_node_folder(folder, node, layout, look)
            self.configs[node.name] = self.node(node.name).config_file.read_text()
            here = (*self.network.enter(node.name), sys.executable, "-m")
            argv: tuple[str, ...] = (*here, "lab.node", "--folder", str(folder))
            down = functools.partial(self.network.set_target_up, node.name, up=False)
            self.services[node.name] = Process(node.name, argv, folder / "node.out", down)
            if self._with_agents:
                file = write_agent_file(
                    folder,
                    node,
                    layout,
                    cluster=self.cluster,
                    credentials=credentials.agents[node.name],
                    key=credentials.verify_key,
                )
                argv = (*here, "lab.node.on_its_clock", str(folder), "serve", "--config", str(file))
                self.agents[node.name] = Process(f"agent of {node.name}", argv, folder / "agent.out")

    async def _start_parts(self) -> None:
        plain, bot = httpx.AsyncClient(timeout=HTTP_TIMEOUT_S), self.bot_credentials.http_client()
        self._http = await self._parts.enter_async_context(plain)
        self._agent_http = await self._parts.enter_async_context(bot)
        await self.network.start()
        self._parts.push_async_callback(self.network.stop)
        verbs = {"start": self.start_node, "stop": self.stop_node, "restart": self.restart_node}
        control = ControlSocket(self._control, self.services, verbs)
        await control.start()
        self._parts.push_async_callback(control.stop)
        self._parts.push_async_callback(self._stop_processes)

    async def _stop_processes(self) -> None:
        processes = (*self.services.values(), *self.agents.values())
        await asyncio.gather(*(process.stop() for process in processes))

    async def _start_agent(self, name: str) -> None:
        agent, node = self.agents[name], self.node(name)
        await agent.start()
        await agent.until_listening(node.agent)
        await self._agent_http.get(f"{node.agent_url}/v1/health")
