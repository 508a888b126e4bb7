"""Timelines in Redis: one stream per incident, whose entry ids are the positions in the timeline.

`append` compares where the timeline ends and adds in one script, so of two replicas that append at the same
place one loses and reads again. Every event carries a MAC that follows from the one before, and a hash notes
where each timeline ends; what does not fit is never folded. Only commands of Redis 6.2 are used, and all
keys carry the same hash tag, so the scripts run on a cluster too.
"""

from __future__ import annotations

from dataclasses import replace

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis

from bot.store.compression import pack, unpacked
from bot.store.errors import store_errors, text
from bot.store.incident_ids import NUMBER, id_tail
from bot.store.keys import HANDLE_LIFE_S, Keys
from bot.store.mac_chain import BEGINNING, Chain, End, MacLink, Walk
from bot.store.scripts import APPEND, CLAIM, FORGET, RELEASE, STANDING, WALK
from bot.store.wakeup_channel import PROCESS
from handlers.domain.alerts import Alert, IncidentIdentity
from handlers.domain.events import EVENT, AlertsReceived, Event
from handlers.domain.fold import apply
from handlers.domain.incident import Incident
from handlers.errors import Moved, Tampered, WrittenByNewer
from handlers.ports import IdentityState

log = structlog.get_logger()

KEPT_STATES = 256


class TimelineStore:
    """`handlers.ports.Timelines` over Redis."""

    def __init__(self, redis: Redis, prefix: str, chain: Chain) -> None:
        self._redis = redis
        self._keys = Keys(prefix)
        self._chain = chain
        self._folded: dict[str, Incident] = {}
        self._append = redis.register_script(APPEND)
        self._walk = redis.register_script(WALK)
        self._standing = redis.register_script(STANDING)
        self._claim = redis.register_script(CLAIM)
        self._release = redis.register_script(RELEASE)
        self._forget = redis.register_script(FORGET)

    async def walk(self, incident_id: str, start: End = BEGINNING) -> Walk:
        """Everything that is stored after `start`, genuine or not, and what is wrong with it."""
        async with store_errors():
            entries, noted_end = await self._walk(
                keys=[self._keys.timeline(incident_id), self._keys.ends()],
                args=[f"0-{start.position + 1}", incident_id],
            )
        plain = [(entry_id, unpacked(fields)) for entry_id, fields in entries]
        return self._chain.walk(incident_id, start, plain, text(noted_end))

    async def timeline(self, incident_id: str) -> tuple[Event, ...]:
        """The whole timeline; empty where there is no such incident.

        Raises:
            Quarantined: If it is not as the bot wrote it, or a newer version wrote it.
        """
        return self._genuine(incident_id, await self.walk(incident_id))

    async def load(self, incident_id: str, *, end: str = "") -> Incident:
        """The state after the whole timeline; only what is new since the last time is read.

        Args:
            incident_id: Whose.
            end: Where it is noted to end, if that has just been read: what is known up to there is the state.

        Raises:
            Quarantined: If it is not as the bot wrote it, or a newer version wrote it.
        """
        known = self._folded.get(incident_id)  # it stays for whoever loads at the same time
        if known:
            here = End(known.position, known.mac)
            if str(here) == end:
                return known
            newer = await self.walk(incident_id, here)
            if not newer.faults:
                return self._remember(known, *self._genuine(incident_id, newer), end=newer.end)
        # Never read, or Redis has been put back to an older copy: from the beginning.
        self._folded.pop(incident_id, None)
        walk = await self.walk(incident_id)
        events = self._genuine(incident_id, walk)
        if known:
            log.warning("timeline_went_back", incident=incident_id, was=known.position, now=len(events))
        return self._remember(Incident(id=incident_id), *events, end=walk.end)

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
            # The MAC is right, so a bot wrote it; this one has no word for it, or not the meaning.
            raise WrittenByNewer(
                f"A newer version of the bot has written to {incident_id} (event {link.position}); this one"
                " leaves it to that version until it is upgraded too."
            ) from error

    def _remember(self, before: Incident, *events: Event, end: End) -> Incident:
        """Keep the newest states, so that a long incident is not folded anew every second."""
        incident = replace(apply(before, *events), mac=end.mac)
        self._folded.pop(incident.id, None)
        self._folded[incident.id] = incident
        while len(self._folded) > KEPT_STATES:
            del self._folded[next(iter(self._folded))]
        return incident

    async def append(self, incident: Incident, *events: Event) -> Incident:
        """Compare and append, and keep a new handle; marks it due for the worker and Slack and wakes both."""
        before = end = End(incident.position, incident.mac)
        added: list[bytes | str] = []
        for event in map(EVENT.dump_json, events):
            end = self._chain.extend(incident.id, end, event)
            added += (pack(event), end.mac)
        received = [each for each in events if isinstance(each, AlertsReceived)]
        due = [self._keys.due(queue) for queue in ("steps", "views")]
        handles = [self._keys.handle(each.handle) for each in received if each.handle]
        hint = f"views steps {PROCESS}" if received else "views steps"  # whoever folds it in goes on with it
        async with store_errors():
            taken = await self._append(
                keys=[self._keys.timeline(incident.id), *due, self._keys.ends(), *handles],
                args=[self._keys.wake(), incident.id, str(before), str(end), HANDLE_LIFE_S, hint, *added],
            )
        if not taken:
            self._folded.pop(incident.id, None)  # behind or, after a restore, ahead: load from the beginning
            raise Moved
        return self._remember(incident, *events, end=end)

    async def standing(self, identity: IncidentIdentity, *, claim: bool) -> IdentityState:
        """All that the next alert of an identity needs to know, by one script."""
        keys = [
            self._keys.open(),
            self._keys.previous(),
            self._keys.overtaken(identity.key),
            self._keys.incident_number(),
        ]
        async with store_errors():
            open_id, is_new, before, ends = await self._standing(
                keys=keys, args=[identity.key, id_tail() if claim else ""]
            )
        incident = Incident(id=text(open_id)) if is_new else open_id and await self.load(text(open_id))
        early = map(Alert.model_validate_json, ends)
        return IdentityState(
            incident or None, text(before) or None, {alert.fingerprint: alert for alert in early}
        )

    async def claim(self, identity: IncidentIdentity) -> str:
        """The open incident's id, or a new one that is now taken."""
        async with store_errors():
            found: bytes = await self._claim(
                keys=[self._keys.open(), self._keys.incident_number()], args=[identity.key, id_tail()]
            )
        return found.decode()

    async def release(self, identity: IncidentIdentity, incident_id: str) -> None:
        """Forget the open incident of an identity, if it is still this one."""
        async with store_errors():
            await self._release(
                keys=[self._keys.open(), self._keys.previous(), self._keys.released()],
                args=[identity.key, incident_id],
            )

    async def reclaim(self, identity: IncidentIdentity, incident_id: str) -> str:
        """The incident that is open for an identity, this one where there was none."""
        async with store_errors():
            await self._redis.hsetnx(self._keys.open(), identity.key, incident_id)
            found = await self._redis.hget(self._keys.open(), identity.key)
        return text(found) if found else incident_id

    async def open_incidents(self) -> tuple[str, ...]:
        """Ids of the open incidents, oldest claim first."""
        async with store_errors():
            ids = await self._redis.hvals(self._keys.open())
        return tuple(sorted(map(text, ids), key=lambda id_: (len(id_), id_)))

    async def given_out(self) -> tuple[str, ...]:
        """Ids of every incident there should be: the numbers given out, and whatever else is noted."""
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.get(self._keys.incident_number())
            pipe.hkeys(self._keys.ends())
            pipe.hvals(self._keys.open())
            last, noted, open_ids = await pipe.execute()
        ids = sorted({text(each) for each in (*noted, *open_ids)})
        by_number = {int(match[1]): id_ for id_ in ids if (match := NUMBER.match(id_))}
        count = int(last) if last and last.isdigit() else 0
        numbered = [by_number.get(number) or f"inc-{number}" for number in range(1, count + 1)]
        return tuple(dict.fromkeys([*numbered, *ids]))

    async def life(self) -> str:
        """Redis' name for this run of it: another after a restart, and so after a restore or a failover."""
        async with store_errors():
            return str((await self._redis.info("server")).get("run_id", ""))

    async def set_aside(self, incident_id: str) -> None:
        """Forget that this incident is open, and that it acts: the next alert opens a new one."""
        for held in (self._keys.open(), self._keys.run_slots()):
            async with store_errors():
                for key, holder in (await self._redis.hgetall(held)).items():
                    if text(holder) == incident_id:
                        await self._forget(keys=[held], args=[key, incident_id])

    async def remember_handle(self, handle: str, incident_id: str) -> None:
        """Keep a handle for longer than any incident should last."""
        async with store_errors():
            await self._redis.set(self._keys.handle(handle), incident_id, ex=HANDLE_LIFE_S)

    async def incident_of(self, handle: str) -> str | None:
        """The incident that a handle was made for."""
        async with store_errors():
            found = await self._redis.get(self._keys.handle(handle))
        return text(found) if found else None
