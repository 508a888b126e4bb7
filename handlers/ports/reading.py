"""What a question that changes nothing may touch: no agent's actions, no Slack, no lock, no write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from handlers.domain.events import Event
from handlers.domain.incident import Incident
from handlers.domain.posture.watch import Mute, Standing
from runbooks.evidence import Evidence, Metrics
from runbooks.posture.inventory import Inventory
from runbooks.posture.model import Check
from runbooks.posture.samples import Sample


class ReadIncidents(Protocol):
    """The part of `Timelines` that reads."""

    async def load(self, incident_id: str) -> Incident:
        """Return the current state of an incident.

        Raises:
            Quarantined: If the timeline was tampered with, or a newer version wrote it.
        """

    async def timeline(self, incident_id: str) -> tuple[Event, ...]:
        """Return all events of an incident, oldest first."""

    async def open_incidents(self) -> tuple[str, ...]:
        """Return the ids of all open incidents."""


class ReadHistory(Protocol):
    """The part of `IncidentHistory` that reads."""

    async def released_within(self, seconds: float) -> tuple[str, ...]:
        """Return the ids of the incidents released within the last `seconds`, oldest first."""


class ReadClusters(Protocol):
    """The part of `ClusterReader` that a single answer needs."""

    @property
    def clusters(self) -> tuple[str, ...]:
        """Return the names of the configured clusters."""

    async def read(self, cluster: str) -> Evidence:
        """Read everything a runbook needs, from all nodes at the same time."""

    def inventory(self, cluster: str) -> Inventory:
        """Return where the nodes are, and which versions their agents told when they last answered."""

    async def sample_metrics(self, cluster: str) -> Mapping[str, Metrics | None]:
        """Read one metrics sample per node: enough to see who leads."""


class ReadPostures(Protocol):
    """The part of `Postures` that reads."""

    async def samples(self, cluster: str) -> tuple[Sample, ...]:
        """Return the kept samples, oldest first."""

    async def standing(self, cluster: str) -> Standing:
        """Return what was kept of the last look; an empty one where there is none."""

    async def mutes(self, cluster: str) -> Mapping[Check, Mute]:
        """Return the mutes that have not ended."""


class ReadPorts(Protocol):
    """What a question needs; `Ports` has it among others, `ReadOnlyPorts` has nothing else."""

    @property
    def timelines(self) -> ReadIncidents:
        """Return the incidents."""

    @property
    def past(self) -> ReadHistory:
        """Return what outlives an incident."""

    @property
    def reader(self) -> ReadClusters:
        """Return what reads the clusters."""

    @property
    def postures(self) -> ReadPostures | None:
        """Return what is kept of postures."""


@dataclass(frozen=True)
class ReadOnlyPorts:
    """Everything that a caller who may only read can reach."""

    timelines: ReadIncidents
    past: ReadHistory
    reader: ReadClusters
    postures: ReadPostures | None = None
