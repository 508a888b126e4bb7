"""Timelines in memory, compared and appended to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from handlers.domain.alerts import Alert, IncidentIdentity, is_key_of
from handlers.domain.events import Event
from handlers.domain.events.lifecycle import AlertsReceived
from handlers.domain.fold import apply, fold
from handlers.domain.incident import Incident
from handlers.domain.known_alerts import IdentityState, ends_left_by
from handlers.errors import (
    Moved,
    Tampered,
)


@dataclass
class Timelines:
    """Compare-and-append in memory. `before_append` lets something else happen first, once.

    `past` are incidents of before that were released, oldest first; `since` is since when such are kept.
    """

    events: dict[str, list[Event]] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    released: dict[str, str] = field(default_factory=dict)
    ended: dict[str, datetime] = field(default_factory=dict)
    early_ends: dict[str, datetime] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    handles: dict[str, str] = field(default_factory=dict)
    before_append: list[tuple[str, Event]] = field(default_factory=list)
    lives: str = "first"
    tampered: set[str] = field(default_factory=set)
    past: tuple[str, ...] = ()
    since: datetime | None = datetime(2026, 1, 1, tzinfo=UTC)

    async def load(self, incident_id: str) -> Incident:
        if incident_id in self.tampered:
            raise Tampered(f"The timeline of {incident_id} is not as the bot wrote it.")
        return fold(incident_id, self.events.get(incident_id, []))

    async def timeline(self, incident_id: str) -> tuple[Event, ...]:
        if incident_id in self.tampered:
            raise Tampered(f"The timeline of {incident_id} is not as the bot wrote it.")
        return tuple(self.events.get(incident_id, ()))

    async def append(self, incident: Incident, *events: Event) -> Incident:
        if self.before_append:
            other, event = self.before_append.pop(0)
            self.events.setdefault(other, []).append(event)
        timeline = self.events.setdefault(incident.id, [])
        if len(timeline) != incident.position:
            raise Moved
        timeline.extend(events)
        handles = [event.handle for event in events if isinstance(event, AlertsReceived) and event.handle]
        self.handles.update(dict.fromkeys(handles, incident.id))
        return apply(incident, *events)

    def _is_open(self, incident_id: str) -> bool:
        return incident_id in self.open.values()

    async def standing(
        self, identity: IncidentIdentity, alerts: tuple[Alert, ...] = (), *, claim: bool
    ) -> IdentityState:
        keys = {alert.key for alert in alerts}
        ended, early = ({k: ends[k] for k in keys & ends.keys()} for ends in (self.ended, self.early_ends))
        homes = {key: home for key, home in self.homes.items() if key in keys and self._is_open(home)}
        if claim and not (ended or early or homes):
            await self.claim(identity)
        incident_id = self.open.get(identity.key)
        return IdentityState(await self.load(incident_id) if incident_id else None, ended, early, homes)

    async def claim(self, identity: IncidentIdentity) -> str:
        return self.open.setdefault(identity.key, f"inc-{len(self.events) + 1}")

    async def release(self, identity: IncidentIdentity, incident_id: str) -> None:
        incident = fold(incident_id, self.events.get(incident_id, []))
        for each in incident.alerts.values():
            if self.homes.get(each.key) == incident_id:
                del self.homes[each.key]
        for key, ends_at in ends_left_by(incident).items():
            self.ended[key] = max(ends_at, self.ended.get(key, ends_at))
        for key in {identity.key, *(each.key for each in incident.identities)}:
            if self.open.get(key) == incident_id:
                del self.open[key]
                self.released.pop(key, None)
                self.released[key] = incident_id

    async def vacate(self, identity: IncidentIdentity, incident_id: str) -> None:
        if self.open.get(identity.key) == incident_id:
            del self.open[identity.key]

    async def pass_on(
        self,
        giver_id: str,
        taker_id: str,
        identities: tuple[IncidentIdentity, ...],
        alerts: tuple[Alert, ...],
    ) -> None:
        is_open = self._is_open(taker_id)
        for alert in alerts:
            if self.homes.get(alert.key) == giver_id:
                del self.homes[alert.key]
                if is_open:
                    self.homes[alert.key] = taker_id
        for identity in identities:
            if is_open and self.open.get(identity.key) == giver_id:
                self.open[identity.key] = taker_id

    async def remember_ends(self, identity: IncidentIdentity, alerts: tuple[Alert, ...]) -> str | None:
        for each in alerts:
            self.early_ends[each.key] = max(each.ends_at, self.early_ends.get(each.key, each.ends_at))
        return self.open.get(identity.key)

    async def claim_alerts(self, incident_id: str, alerts: tuple[Alert, ...]) -> bool:
        homes = {self.homes.get(each.key) for each in alerts} - {incident_id, None}
        if homes & set(self.open.values()):
            return False
        self.homes |= dict.fromkeys((each.key for each in alerts), incident_id)
        return True

    async def previous(self, identity: IncidentIdentity) -> str | None:
        return self.released.get(identity.key)

    async def released_within(self, seconds: float) -> tuple[str, ...]:
        return (*self.past, *self.released.values())

    async def released_last(self, count: int) -> tuple[str, ...]:
        return tuple(reversed([*self.past, *self.released.values()]))[:count]

    async def kept_since(self) -> datetime | None:
        return self.since

    async def reclaim(self, identity: IncidentIdentity, incident_id: str) -> str:
        return self.open.setdefault(identity.key, incident_id)

    async def open_incidents(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.open.values()))

    async def open_on(self, cluster: str) -> tuple[str, ...]:
        held = (each for key, each in self.open.items() if is_key_of(cluster, key))
        return tuple(dict.fromkeys(held))

    async def life(self) -> str:
        return self.lives

    async def remember_handle(self, handle: str, incident_id: str) -> None:
        self.handles[handle] = incident_id

    async def incident_of(self, handle: str) -> str | None:
        return self.handles.get(handle)
