"""Every resource of the API in one table: address, scope, answer, and the question that it asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.config.read_only import Scope
from bot.read_only.clusters import ClusterNames, ClusterPosture, ClusterStatus
from bot.read_only.incidents import IncidentDocument, IncidentList
from handlers import queries
from handlers.commands import resolve_cluster
from handlers.errors import UnknownCluster
from handlers.ports import ReadPorts
from handlers.queries import INCIDENT_ID, MAX_PAGE, State, Wanted
from runbooks.evidence import Evidence


class NoQuery(BaseModel):
    """An address that takes no parameters behind its path."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class IncidentQuery(NoQuery):
    """Which incidents are listed, and how many at once."""

    state: Annotated[State, Field(description="Open ones, closed ones, or all.")] = "all"
    cluster: Annotated[str | None, Field(max_length=64, description="Only those of this cluster.")] = None
    cursor: Annotated[
        str | None, Field(pattern=INCIDENT_ID, description="The `next_cursor` of the page before.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE, description="At most so many.")] = 20


@dataclass(frozen=True)
class Asked:
    """A request as it is asked: the part of its path that names something, and its query."""

    name: str
    query: BaseModel


Run = Callable[[ReadPorts, Asked], Awaitable[BaseModel]]


@dataclass(frozen=True)
class Operation:
    """One resource. `name` is its operation's id; `missing` says what its 404 is, empty if it has none."""

    path: str
    name: str
    summary: str
    scope: Scope
    answer: type[BaseModel]
    run: Run
    query: type[BaseModel] = NoQuery
    missing: str = ""


PATH_PARAMETERS: Mapping[str, tuple[str, str]] = {
    "incident": (INCIDENT_ID, "The incident's whole id, such as inc-7-k3xqf."),
    "cluster": (r"^[A-Za-z0-9._-]{1,64}$", "The cluster's name in the bot's configuration."),
}
"""What the names in braces stand for: how they are written, and what they are."""


async def _incidents(ports: ReadPorts, asked: Asked) -> BaseModel:
    query = IncidentQuery.model_validate(asked.query.model_dump())
    if query.cluster is not None:
        _configured(ports, query.cluster)
    wanted = Wanted(state=query.state, cluster=query.cluster, before=query.cursor, limit=query.limit)
    return IncidentList.of(await queries.incidents(ports, wanted))


async def _incident(ports: ReadPorts, asked: Asked) -> BaseModel:
    return IncidentDocument.of_story(await queries.incident(ports, asked.name))


async def _evidence(ports: ReadPorts, asked: Asked) -> BaseModel:
    return await queries.evidence(ports, asked.name)


async def _clusters(ports: ReadPorts, _: Asked) -> BaseModel:
    return ClusterNames(clusters=ports.reader.clusters)


async def _status(ports: ReadPorts, asked: Asked) -> BaseModel:
    return ClusterStatus.of(await queries.status(ports, _configured(ports, asked.name)))


async def _posture(ports: ReadPorts, asked: Asked) -> BaseModel:
    return ClusterPosture.of(await queries.posture_of(ports, _configured(ports, asked.name)))


def _configured(ports: ReadPorts, name: str) -> str:
    """Return a cluster's name where it is one, to the letter: an address has no abbreviations.

    Raises:
        UnknownCluster: With the configured names.
    """
    meant = resolve_cluster(ports.reader.clusters, name)
    if meant != name:
        raise UnknownCluster(f"No cluster {name} is configured. Did you mean {meant}?")
    return name


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "/incidents",
        "listIncidents",
        "The incidents that are kept, newest first",
        Scope.INCIDENTS,
        IncidentList,
        _incidents,
        query=IncidentQuery,
        missing="No such cluster is configured.",
    ),
    Operation(
        "/incidents/{incident}",
        "getIncident",
        "One incident with its findings and its timeline",
        Scope.INCIDENTS,
        IncidentDocument,
        _incident,
        missing="There is no such incident.",
    ),
    Operation(
        "/incidents/{incident}/evidence",
        "getEvidence",
        "The newest reading of the cluster that stands in an incident, as `diagnose --evidence` takes it",
        Scope.EVIDENCE,
        Evidence,
        _evidence,
        missing="There is no such incident, or its cluster was not read.",
    ),
    Operation("/clusters", "listClusters", "The configured clusters", Scope.STATUS, ClusterNames, _clusters),
    Operation(
        "/clusters/{cluster}/status",
        "getStatus",
        "Who leads and whether the cluster can elect, read live or within the last seconds",
        Scope.STATUS,
        ClusterStatus,
        _status,
        missing="No such cluster is configured.",
    ),
    Operation(
        "/clusters/{cluster}/posture",
        "getPosture",
        "What the cluster can lose and what may break next, read live or within the last seconds",
        Scope.POSTURE,
        ClusterPosture,
        _posture,
        missing="No such cluster is configured.",
    ),
)
