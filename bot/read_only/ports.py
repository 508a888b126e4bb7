"""Put together what a caller who may only read can reach."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.config import Settings
from bot.read_only.shared_reader import SharedReader
from bot.store.incident_history import IncidentHistoryStore
from bot.store.mac_chain import Chain
from bot.store.postures import PostureStore
from bot.store.timelines import TimelineStore
from handlers.ports import ReadOnlyPorts


def read_only_ports(redis: Redis, settings: Settings, reader: SharedReader) -> ReadOnlyPorts:
    """Return ports over Redis and a shared reader.

    The timelines are a store of their own: who pages through old incidents pushes none out of the memory of
    the worker, which goes by what it remembers where Redis was put back.
    """
    prefix = settings.redis.prefix
    timelines = TimelineStore(redis, prefix, Chain.of(settings.agents))
    return ReadOnlyPorts(timelines, IncidentHistoryStore(redis, prefix), reader, PostureStore(redis, prefix))
