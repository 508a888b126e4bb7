"""Storage of incidents: their timelines, and what is kept after they close."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from handlers.domain.alerts import Alert, IncidentIdentity
from handlers.domain.events import Event
from handlers.domain.incident import Incident
from handlers.domain.known_alerts import IdentityState


class Timelines(Protocol):
    """Append-only timelines, one per incident."""

    async def load(self, incident_id: str) -> Incident:
        """Return the current state of an incident.

        Raises:
            Quarantined: If the timeline was tampered with, or a newer version wrote it.
        """

    async def timeline(self, incident_id: str) -> tuple[Event, ...]:
        """Return all events of an incident, oldest first."""

    async def append(self, incident: Incident, *events: Event) -> Incident:
        """Append events after the state that was read, mark the incident due, and return the new state.

        The handle of an `AlertsReceived` resolves to the incident from then on.

        Raises:
            Moved: If the timeline has grown since; nothing was appended.
        """

    async def standing(
        self, identity: IncidentIdentity, alerts: tuple[Alert, ...] = (), *, claim: bool
    ) -> IdentityState:
        """Return what the store holds for an identity.

        Args:
            identity: The cluster and runbook of the incident.
            alerts: The alerts whose ends and incidents are asked for.
            claim: Whether to claim a new incident if none is open and nothing is known of the alerts.

        Raises:
            Quarantined: If the open incident was tampered with, or a newer version wrote it.
        """

    async def claim(self, identity: IncidentIdentity) -> str:
        """Return the id of the open incident of an identity; claim a new one if there is none."""

    async def release(self, identity: IncidentIdentity, incident_id: str) -> None:
        """Let the next alert of an identity open a new incident, and keep the closed one's ends."""

    async def vacate(self, identity: IncidentIdentity, incident_id: str) -> None:
        """Let an identity have no open incident, if this one is it; nothing else changes."""

    async def pass_on(
        self,
        giver_id: str,
        taker_id: str,
        identities: tuple[IncidentIdentity, ...],
        alerts: tuple[Alert, ...],
    ) -> None:
        """Let the later notifications of alerts and identities come to another open incident.

        Only what is the giver's is passed on. Where the taker is not open any more, the alerts are set free.
        """

    async def reclaim(self, identity: IncidentIdentity, incident_id: str) -> str:
        """Make a closed incident the open one again unless another is; return the id of the open one."""

    async def open_incidents(self) -> tuple[str, ...]:
        """Return the ids of all open incidents."""

    async def open_on(self, cluster: str) -> tuple[str, ...]:
        """Return the ids of the open incidents of a cluster."""

    async def life(self) -> str:
        """Return the store's life: a name that changes whenever Redis may have lost acknowledged writes."""

    async def remember_handle(self, handle: str, incident_id: str) -> None:
        """Store which incident a button's handle belongs to."""

    async def incident_of(self, handle: str) -> str | None:
        """Return the id of the incident that a button's handle belongs to."""


class IncidentHistory(Protocol):
    """What outlives an incident."""

    async def remember_ends(self, identity: IncidentIdentity, alerts: tuple[Alert, ...]) -> str | None:
        """Keep the ends of alerts that no incident has seen fire.

        Returns:
            The id of the identity's open incident, if one was claimed meanwhile.
        """

    async def claim_alerts(self, incident_id: str, alerts: tuple[Alert, ...]) -> bool:
        """Note that an open incident knows these alerts, so that they are told to no other.

        Returns:
            `False` if another open incident knows one of them; nothing is noted then.
        """

    async def previous(self, identity: IncidentIdentity) -> str | None:
        """Return the id of the incident of an identity that was released last."""

    async def released_within(self, seconds: float) -> tuple[str, ...]:
        """Return the ids of the incidents released within the last `seconds`, oldest first."""

    async def released_last(self, count: int) -> tuple[str, ...]:
        """Return the ids of the incidents that were released last, newest first."""

    async def kept_since(self) -> datetime | None:
        """Return since when every closed incident is kept; `None` where that is not known."""
