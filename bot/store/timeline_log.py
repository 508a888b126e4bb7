"""Timelines in Redis: one stream per incident, whose entry ids are the positions in the timeline.

`append` compares where the timeline ends and adds in one script, so of two replicas that append at the same
place one loses and reads again. Every event carries a MAC that follows from the one before, and a hash notes
where each timeline ends; what does not fit is never folded. Only commands of Redis 6.2 are used, and all
keys carry the same hash tag, so the scripts run on a cluster too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis

from bot.store.compression import pack, unpacked
from bot.store.errors import WrongType, store_errors, text
from bot.store.keys import HANDLE_LIFE_S, Keys
from bot.store.mac_chain import BEGINNING, Chain, End, MacLink, Walk
from bot.store.scripts import Script
from handlers.domain.events import EVENT, Event
from handlers.domain.events.lifecycle import AlertsReceived
from handlers.domain.fold import apply
from handlers.domain.incident import Incident
from handlers.errors import EventTooLarge, Moved, Tampered, WrittenByNewer

log = structlog.get_logger()

KEPT_STATES = 256

MAX_EVENT_BYTES = 4_000_000
"""As JSON. A reading of 51 nodes takes 1.2 MB; one agent that lies adds at most 0.3 MB to it."""


class TimelineLog:
    """The timelines themselves: read, checked, folded, appended to."""

    def __init__(self, redis: Redis, prefix: str, chain: Chain, wait_for_replicas: int = 0) -> None:
        self._redis, self._replicas = redis, wait_for_replicas
        self._keys, self._chain = Keys(prefix), chain
        self._folded: dict[str, Incident] = {}
        self._append = Script(redis, "timeline_append")
        self._walk = Script(redis, "timeline_walk")

    async def walk(self, incident_id: str, start: End = BEGINNING) -> Walk:
        """Read everything that is stored after `start`, genuine or not, and what is wrong with it."""
        try:
            async with store_errors():
                entries, recorded_end = await self._walk(
                    timeline=self._keys.timeline(incident_id),
                    ends=self._keys.ends(),
                    first=f"0-{start.position + 1}",
                    incident_id=incident_id,
                )
        except WrongType:
            return Walk((), 0, ("what stands under its key is no timeline",), start)
        plain = [(entry_id, unpacked(fields)) for entry_id, fields in entries]
        return self._chain.walk(incident_id, start, plain, text(recorded_end))

    async def timeline(self, incident_id: str) -> tuple[Event, ...]:
        """Return the whole timeline; empty where there is no such incident.

        Raises:
            Quarantined: If it is not as the bot wrote it, or a newer version wrote it.
        """
        return self._genuine(incident_id, await self.walk(incident_id))

    async def load(self, incident_id: str) -> Incident:
        """Return the state after the whole timeline; only what is new since the last time is read.

        Raises:
            Quarantined: If it is not as the bot wrote it, or a newer version wrote it.
        """
        known = self._folded.get(incident_id)
        if known:
            newer = await self.walk(incident_id, End(known.position, known.mac))
            if not newer.faults:
                return self._remember(known, *self._genuine(incident_id, newer), end=newer.end)
        # Never read, or Redis was restored from an older copy: start from the beginning.
        self._folded.pop(incident_id, None)
        walk = await self.walk(incident_id)
        events = self._genuine(incident_id, walk)
        incident = self._remember(Incident(id=incident_id), *events, end=walk.end)
        if known:
            log.warning("timeline_went_back", incident=incident_id, was=known.position, now=len(events))
            incident = self._folded[incident_id] = replace(incident, went_back=True)
        return incident

    async def reload(self, incident_id: str) -> Incident:
        """Return the state after the whole timeline, every event of which is read and checked again.

        Raises:
            Quarantined: If it is not as the bot wrote it, or a newer version wrote it.
        """
        self._folded.pop(incident_id, None)
        return await self.load(incident_id)

    def _genuine(self, incident_id: str, walk: Walk) -> tuple[Event, ...]:
        if walk.faults:
            raise Tampered(
                f"The timeline of {incident_id} is not as the bot wrote it: {walk.faults[0]}; the bot leaves"
                f" this incident alone until a person has looked: neumann-bot audit verify {incident_id}"
            )
        return tuple(self._read(incident_id, link) for link in walk.links)

    def _read(self, incident_id: str, link: MacLink) -> Event:
        try:
            return EVENT.validate_json(link.event)
        except ValidationError as error:
            # The MAC is right, so a bot wrote it; this version does not know the event, or not its meaning.
            raise WrittenByNewer(
                f"A newer version of the bot has written to {incident_id} (event {link.position}); this one"
                " leaves it to that version until it is upgraded too."
            ) from error

    def _remember(self, before: Incident, *events: Event, end: End) -> Incident:
        """Keep the newest states, so that a long incident is not folded anew every second."""
        self._folded.pop(before.id, None)
        incident = replace(_folded(before, events), mac=end.mac)
        self._folded[incident.id] = incident
        while len(self._folded) > KEPT_STATES:
            del self._folded[next(iter(self._folded))]
        return incident

    async def append(self, incident: Incident, *events: Event) -> Incident:
        """Append events, mark the incident as due for its next step and its thread, and wake the workers.

        Raises:
            Moved: If the timeline has grown since it was read.
            EventTooLarge: If one is larger than it may be; then none is kept.
        """
        before = end = End(incident.position, incident.mac)
        added: list[bytes | str] = []
        for event in map(EVENT.dump_json, events):
            if len(event) > MAX_EVENT_BYTES:
                raise EventTooLarge(f"An event of {incident.id} takes {len(event)} bytes; it is not kept.")
            end = self._chain.extend(incident.id, end, event)
            added += (pack(event), end.mac)
        handles = [each.handle for each in events if isinstance(each, AlertsReceived) and each.handle]
        async with store_errors():
            # Waited for before Slack is told, or a failover would give the same alert a second thread.
            taken = await self._append.on_replicas(
                self._replicas,
                timeline=self._keys.timeline(incident.id),
                due_steps=self._keys.due("steps"),
                due_views=self._keys.due("views"),
                ends=self._keys.ends(),
                unshown=self._keys.unshown(),
                handles=[self._keys.handle(each) for each in handles],
                wake=self._keys.wake(),
                incident_id=incident.id,
                before=str(before),
                after=str(end),
                handle_life_s=HANDLE_LIFE_S,
                hint="views steps",
                added=added,
            )
        if not taken:
            raise Moved
        return self._remember(incident, *events, end=end)


def _folded(before: Incident, events: Sequence[Event]) -> Incident:
    """Return the state after genuine events; this version may not make sense of what another one wrote.

    Raises:
        WrittenByNewer: If they cannot be folded, so that it is told and not tried for ever.
    """
    try:
        return apply(before, *events)
    except Exception as error:
        raise WrittenByNewer(
            f"{before.id} cannot be folded by this version of the bot ({type(error).__name__}); it leaves the"
            " incident to another version."
        ) from error
