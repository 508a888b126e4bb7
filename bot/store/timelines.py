"""Which incident is open for which identity, and which its handles are, beside the timelines themselves."""

from __future__ import annotations

import json
from typing import Any

from redis.asyncio import Redis

from bot.store.alert_index import identity_state, keys_of, to_release
from bot.store.errors import WrongType, store_errors, text
from bot.store.incident_ids import id_tail, with_missing
from bot.store.keys import ENDS_LIFE_S, HANDLE_LIFE_S, MAX_ENDS
from bot.store.mac_chain import Chain
from bot.store.scripts import Script
from bot.store.timeline_log import TimelineLog
from handlers.domain.alerts import Alert, IncidentIdentity, is_key_of
from handlers.domain.incident import Incident
from handlers.domain.known_alerts import IdentityState


class TimelineStore(TimelineLog):
    """`handlers.ports.Timelines` over Redis."""

    def __init__(self, redis: Redis, prefix: str, chain: Chain, wait_for_replicas: int = 0) -> None:
        super().__init__(redis, prefix, chain, wait_for_replicas)
        self._read_identity = Script(redis, "identity_read")
        self._release = Script(redis, "identity_release")
        self._forget = Script(redis, "holder_forget")
        self._pass_on = Script(redis, "alerts_pass_on")

    async def standing(
        self, identity: IncidentIdentity, alerts: tuple[Alert, ...] = (), *, claim: bool
    ) -> IdentityState:
        """Return all that the next alerts of an identity need to know, read by one script."""
        open_id, is_new, *found = await self._identity(identity, alerts, claim=claim)
        incident = None
        if open_id:
            incident = Incident(id=text(open_id)) if is_new else await self.load(text(open_id))
        return identity_state(incident, alerts, found)

    async def claim(self, identity: IncidentIdentity) -> str:
        """Return the id of an identity's open incident, or claim a new one for it."""
        open_id, *_ = await self._identity(identity, (), claim=True)
        return text(open_id)

    async def _identity(
        self, identity: IncidentIdentity, alerts: tuple[Alert, ...], *, claim: bool
    ) -> list[Any]:
        async with store_errors():
            found: list[Any] = await self._read_identity(
                open=self._keys.open(),
                homes=self._keys.homes(),
                ended=self._keys.ended(),
                early_ends=self._keys.early_ends(),
                number=self._keys.incident_number(),
                identity=identity.key,
                id_tail=id_tail() if claim else "",
                alerts=keys_of(alerts),
            )
        return found

    async def release(self, identity: IncidentIdentity, incident_id: str) -> None:
        """Forget the open incident of its identities where it is still this one; keep its alerts' ends."""
        incident = await self.load(incident_id)
        own = (identity, *(each for each in incident.identities if incident.opened_at))
        # What was opened by a version before is forgotten under the key that it has.
        identities = {key for each in own for key in (each.key, each.former_key)}
        async with store_errors():
            await self._release(
                open=self._keys.open(),
                previous=self._keys.previous(),
                released=self._keys.released(),
                homes=self._keys.homes(),
                ended=self._keys.ended(),
                identities=json.dumps(sorted(identities)),
                incident_id=incident_id,
                alerts=to_release(incident),
                ends_life_s=ENDS_LIFE_S,
                max_ends=MAX_ENDS,
                is_merged=int(incident.regrouping.merged_into is not None),
            )

    async def vacate(self, identity: IncidentIdentity, incident_id: str) -> None:
        """Forget the open incident of an identity, if it is this one, and nothing else."""
        async with store_errors():
            await self._forget(holders=self._keys.open(), held=identity.key, holder=incident_id)

    async def pass_on(
        self,
        giver_id: str,
        taker_id: str,
        identities: tuple[IncidentIdentity, ...],
        alerts: tuple[Alert, ...],
    ) -> None:
        """Let alerts and identities that are the giver's belong to the taker, if that is open."""
        async with store_errors():
            await self._pass_on(
                open=self._keys.open(),
                homes=self._keys.homes(),
                giver=giver_id,
                taker=taker_id,
                identities=json.dumps([each.key for each in identities]),
                alerts=keys_of(alerts),
            )

    async def reclaim(self, identity: IncidentIdentity, incident_id: str) -> str:
        """Make this incident the open one of an identity if there is none; return the open one's id."""
        async with store_errors():
            await self._redis.hsetnx(self._keys.open(), identity.key, incident_id)
            found = await self._redis.hget(self._keys.open(), identity.key)
        return text(found) if found else incident_id

    async def open_incidents(self) -> tuple[str, ...]:
        """Return the ids of the open incidents, oldest claim first."""
        async with store_errors():
            ids = await self._redis.hvals(self._keys.open())
        return tuple(sorted(set(map(text, ids)), key=lambda id_: (len(id_), id_)))

    async def open_on(self, cluster: str) -> tuple[str, ...]:
        """Return the ids of the open incidents of a cluster, by their identities."""
        async with store_errors():
            held = await self._redis.hgetall(self._keys.open())
        ids = {text(each) for key, each in held.items() if is_key_of(cluster, text(key))}
        return tuple(sorted(ids))

    async def given_out(self) -> tuple[str, ...]:
        """Return the ids of all incidents there should be: by the numbers given out, and by other notes."""
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.get(self._keys.incident_number())
            pipe.hkeys(self._keys.ends())
            pipe.hvals(self._keys.open())
            last, noted, open_ids = await pipe.execute()
        return with_missing(last or b"", {text(each) for each in (*noted, *open_ids)})

    async def life(self) -> str:
        """Return Redis' id of its present run: another one after a restart, a restore or a failover."""
        async with store_errors():
            return str((await self._redis.info("server")).get("run_id", ""))

    async def set_aside(self, incident_id: str) -> None:
        """Forget that this incident is open, and that it acts: the next alert opens a new one."""
        for held in (self._keys.open(), self._keys.run_slots()):
            async with store_errors():
                for key, holder in (await self._redis.hgetall(held)).items():
                    if text(holder) == incident_id:
                        await self._forget(holders=held, held=key, holder=incident_id)

    async def remember_handle(self, handle: str, incident_id: str) -> None:
        """Keep which incident a handle was made for, for `HANDLE_LIFE_S`."""
        async with store_errors():
            await self._redis.set(self._keys.handle(handle), incident_id, ex=HANDLE_LIFE_S)

    async def incident_of(self, handle: str) -> str | None:
        """Return the id of the incident that a handle was made for; `None` where it is not known."""
        try:
            async with store_errors():
                found = await self._redis.get(self._keys.handle(handle))
        except WrongType:
            return None
        return text(found) if found else None
