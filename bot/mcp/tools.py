"""The tools: each asks one question that changes nothing. Their docstrings are what a model reads of them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, TypeVar

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from bot.read_only.clusters import ClusterNames, ClusterPosture, ClusterStatus
from bot.read_only.incidents import IncidentDocument, IncidentList
from handlers import queries
from handlers.commands import resolve_cluster
from handlers.errors import BotError
from handlers.ports import ReadPorts
from handlers.queries import INCIDENT_ID, MAX_PAGE, State, Wanted
from runbooks.evidence import Evidence

T = TypeVar("T")

IncidentId = Annotated[str, Field(description="The incident's whole id, such as inc-7-k3xqf.")]
ClusterName = Annotated[str, Field(description="The cluster's name; not needed where there is one.")]


class Tools:
    """Questions about incidents and clusters, over ports that only read."""

    def __init__(self, ports: ReadPorts) -> None:
        self._ports = ports

    async def list_incidents(
        self,
        state: Annotated[State, Field(description="Open ones, closed ones, or all.")] = "open",
        cluster: Annotated[str, Field(description="Only those of this cluster.")] = "",
        before: Annotated[
            str, Field(pattern=f"^$|{INCIDENT_ID}", description="The `next_cursor` of the page before.")
        ] = "",
        limit: Annotated[int, Field(ge=1, le=MAX_PAGE, description="At most so many.")] = 20,
    ) -> IncidentList:
        """List incidents, newest first, each with its stage, its alerts and what was found."""
        wanted = Wanted(state, self._named(cluster) if cluster else None, before or None, limit)
        return IncidentList.of(await _told(queries.incidents(self._ports, wanted)))

    async def get_incident(self, incident: IncidentId) -> IncidentDocument:
        """Show one incident: its alerts, its findings with the evidence for and against, its timeline."""
        return IncidentDocument.of_story(await _told(queries.incident(self._ports, incident)))

    async def get_evidence(self, incident: IncidentId) -> Evidence:
        """Return the newest reading of a cluster that stands in an incident: every figure of every node."""
        return await _told(queries.evidence(self._ports, incident))

    async def list_clusters(self) -> ClusterNames:
        """List the configured clusters."""
        return ClusterNames(clusters=self._ports.reader.clusters)

    async def get_status(self, cluster: ClusterName = "") -> ClusterStatus:
        """Read every node now: who leads, who reaches whom, whether it can elect, what could not be read."""
        return ClusterStatus.of(await _told(queries.status(self._ports, self._named(cluster))))

    async def get_posture(self, cluster: ClusterName = "") -> ClusterPosture:
        """Read every node now: what the cluster can lose and what may break next, the worst first."""
        return ClusterPosture.of(await _told(queries.posture_of(self._ports, self._named(cluster))))

    def _named(self, cluster: str) -> str:
        try:
            return resolve_cluster(self._ports.reader.clusters, cluster)
        except BotError as error:
            raise ToolError(str(error)) from error


async def _told(answer: Awaitable[T]) -> T:
    """Return an answer; where there is none, let the model read the sentence that says why."""
    try:
        return await answer
    except BotError as error:
        raise ToolError(str(error)) from error
