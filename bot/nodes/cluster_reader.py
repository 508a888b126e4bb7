"""Read clusters: every node at the same time, each reading under its own deadline.

All guessing about what a Neumann node serves, and in which shape, is kept here and in `metrics_page`.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import structlog

from bot.config import Cluster, Node, ReadingSettings
from bot.http.errors import UnfitAnswerError, refused, timed_out, why
from bot.http.exchange import Answer, exchange
from bot.nodes import health_page, metrics_page
from bot.nodes.agent_client import AgentClient
from bot.nodes.agent_connection import AgentRefusedError, AgentTimedOutError, AgentUnreachableError
from bot.nodes.agent_evidence import NotObserved, Observed, from_agent, still_reading
from bot.nodes.wall_clock import bracket
from handlers.errors import UnknownCluster
from runbooks import evidence as known
from runbooks.missing_kind import MissingKind
from runbooks.posture.inventory import Inventory, Site
from shared.sanitize import plain
from shared.version import version

log = structlog.get_logger()
T = TypeVar("T")
MAX_PAGE_BYTES = 512_000
"""A node's page of some hundred samples is 20 kB."""
MAX_HEALTH_BYTES = 64_000
PROGRESS_EVERY_S = 1.0
LATELY_S = 15.0
"""A storm of alerts that no runbook covers costs a cluster one reading in so many seconds."""


class ClusterReader:
    """`handlers.ports.ClusterReader` over HTTP and the nodes' agents."""

    def __init__(
        self,
        clusters: tuple[Cluster, ...],
        readings: ReadingSettings,
        http: httpx.AsyncClient,
        agents: AgentClient,
    ) -> None:
        self._clusters = {cluster.name: cluster for cluster in clusters}
        self._readings = readings
        self._http = http
        self._agents = agents
        self._lately: dict[str, tuple[float, known.Evidence]] = {}
        self._one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def clusters(self) -> tuple[str, ...]:
        """Return the configured clusters' names."""
        return tuple(self._clusters)

    def _cluster(self, name: str) -> Cluster:
        if name not in self._clusters:
            raise UnknownCluster(f"No cluster {name} is configured.")
        return self._clusters[name]

    def inventory(self, cluster: str) -> Inventory:
        """Return where the nodes are, and which versions their agents told when they last answered."""
        nodes = self._cluster(cluster).nodes
        told = {node.name: self._agents.version_of(node.agent_url) for node in nodes}
        return Inventory(
            sites={node.name: Site(node.host, node.zone) for node in nodes},
            agent_versions={name: each for name, each in told.items() if each},
            bot_version=version(),
        )

    async def sample_metrics(self, cluster: str) -> Mapping[str, known.Metrics | None]:
        """Return one metrics sample of each node; `None` of a node whose page could not be read."""
        nodes = self._cluster(cluster).nodes
        samples = await asyncio.gather(*(self._metrics(node) for node in nodes))
        return {node.name: sample.value for node, sample in zip(nodes, samples, strict=True)}

    async def silent(self) -> tuple[str, ...]:
        """Return one line for each metrics page and agent that does not answer right now, and why."""
        silent_pages, silent_agents = await asyncio.gather(self.silent_pages(), self.silent_agents())
        return (*silent_pages, *silent_agents)

    async def silent_pages(self) -> tuple[str, ...]:
        """Return one line for each metrics page that does not answer right now, and why."""

        async def why(node: Node) -> str | None:
            return (await self._metrics(node)).missing

        return await self._complaints("metrics", why)

    async def silent_agents(self) -> tuple[str, ...]:
        """Return one line for each agent that does not answer right now, and why."""
        return await self._complaints("agent", lambda node: self._agents.greet(node.agent_url))

    async def _complaints(self, what: str, ask: Callable[[Node], Awaitable[str | None]]) -> tuple[str, ...]:
        nodes = [(cluster.name, node) for cluster in self._clusters.values() for node in cluster.nodes]
        answers = await asyncio.gather(*(ask(node) for _, node in nodes))
        return tuple(
            f"{cluster}/{node.name} {what}: {why}"
            for (cluster, node), why in zip(nodes, answers, strict=True)
            if why
        )

    async def read(self, cluster: str) -> known.Evidence:
        """Take every reading of every node at once; takes as long as the slowest reading's deadline."""
        evidence = [evidence async for evidence in self.read_progressively(cluster)]
        return evidence[-1]

    async def read_lately(self, cluster: str) -> known.Evidence:
        """Return a reading that is at most `LATELY_S` old; those who ask at the same time share one."""
        self._cluster(cluster)
        async with self._one_at_a_time[cluster]:
            kept = self._lately.get(cluster)
            if kept is None or time.monotonic() - kept[0] > LATELY_S:
                evidence = await self.read(cluster)
                kept = self._lately[cluster] = (time.monotonic(), evidence)
            return kept[1]

    async def read_progressively(self, cluster: str) -> AsyncIterator[known.Evidence]:
        """Yield the evidence so far after each second in which a node was read, and at the end all of it."""
        configured = self._cluster(cluster)
        started_at = datetime.now(UTC)
        tasks = [asyncio.create_task(self._node(node)) for node in configured.nodes]
        pending: set[asyncio.Task[known.NodeEvidence]] = set(tasks)
        given = 0
        try:
            while pending:
                _, pending = await asyncio.wait(pending, timeout=PROGRESS_EVERY_S)
                finished = len(tasks) - len(pending)
                if pending and finished == given:
                    continue
                given = finished
                nodes = tuple(
                    task.result() if task.done() else still_reading(node.name)
                    for node, task in zip(configured.nodes, tasks, strict=True)
                )
                yield known.Evidence(
                    cluster=cluster, started_at=started_at, complete=not pending, nodes=nodes
                )
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def _node(self, node: Node) -> known.NodeEvidence:
        (metrics, again), health, wall_clock, agents = await asyncio.gather(
            self._metrics_twice(node), self._health(node), self._wall_clock(node), self._observe(node)
        )
        return known.NodeEvidence(
            node=node.name,
            metrics=metrics,
            metrics_again=again,
            health=health,
            wall_clock=wall_clock,
            **agents,
        )

    async def _metrics_twice(
        self, node: Node
    ) -> tuple[known.Reading[known.Metrics], known.Reading[known.Metrics]]:
        first, _ = await asyncio.gather(self._metrics(node), asyncio.sleep(self._readings.sample_gap_s))
        return first, await self._metrics(node)

    async def _metrics(self, node: Node) -> known.Reading[known.Metrics]:
        async def read() -> known.Metrics:
            page = await self._get(f"{node.metrics_url}/metrics", MAX_PAGE_BYTES)
            return metrics_page.parse(page.body, page.content_type)

        return await self._reading(read(), known.Reading[known.Metrics])

    async def _health(self, node: Node) -> known.Reading[known.Health]:
        async def read() -> known.Health:
            return health_page.parse((await self._get(f"{node.metrics_url}/health", MAX_HEALTH_BYTES)).body)

        return await self._reading(read(), known.Reading[known.Health])

    async def _wall_clock(self, node: Node) -> known.Reading[known.WallClock]:
        look = bracket(lambda: self._agents.wall_clock(node.agent_url))
        return await self._reading(look, known.Reading[known.WallClock])

    async def _get(self, url: str, limit_bytes: int) -> Answer:
        answer = await exchange(self._http, "GET", url, limit_bytes=limit_bytes)
        if not answer.is_success:
            raise UnfitAnswerError(f"the page answers {answer.status}")
        return answer

    async def _reading(self, what: Awaitable[Any], reading: type[known.Reading[T]]) -> known.Reading[T]:
        """Await under the deadline; whatever goes wrong becomes the reason why there is no value."""
        started = time.monotonic()
        value, missing, kind = None, None, None
        try:
            async with asyncio.timeout(self._readings.metrics_deadline_s):
                value = await what
        except TimeoutError:
            missing = f"no answer within {self._readings.metrics_deadline_s:g} s"
            kind = MissingKind.TIMEOUT
        except Exception as error:
            said = plain(str(error), limit=200)
            missing = why(error) or said or f"the reading failed ({type(error).__name__})"
            kind = MissingKind.TIMEOUT if timed_out(error) else MissingKind.OTHER
            kind = MissingKind.REFUSED if refused(error) else kind
        took_ms = (time.monotonic() - started) * 1000
        at = datetime.now(UTC)
        return reading(value=value, missing=missing, kind=kind, by="bot", at=at, took_ms=took_ms)

    async def _observe(self, node: Node) -> dict[str, known.Reading[Any]]:
        """Ask a node's agent for all its readings, under the agents' deadline.

        Whatever an agent answers is a reading or a reason: it must not cost its peers theirs.
        """
        try:
            async with asyncio.timeout(self._readings.agent_deadline_s):
                observation = await self._agents.observe(node.agent_url)
            return from_agent(node.name, Observed(observation, at=datetime.now(UTC)))
        except TimeoutError:
            missing = f"the agent gave no answer within {self._readings.agent_deadline_s:g} s"
            kind = MissingKind.TIMEOUT
        except AgentTimedOutError as error:
            missing, kind = str(error), MissingKind.TIMEOUT
        except (AgentUnreachableError, AgentRefusedError) as error:
            missing, kind = str(error), MissingKind.OTHER
        except Exception as error:
            log.exception("agent_answer_unusable", node=node.name)
            missing = f"what the agent answered cannot be used ({type(error).__name__})"
            kind = MissingKind.OTHER
        return from_agent(node.name, NotObserved(missing, kind, at=datetime.now(UTC)))
