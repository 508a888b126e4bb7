"""As many of the bot's connections as its secrets, keys and certificates allow."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from bot import clients
from bot import main as wiring
from bot.cli.config_doubts import unreadable_secrets
from bot.config import RedisSettings, Settings
from bot.doctor.examination import Doctor
from bot.doctor.patient import Patient
from bot.nodes.agent_client import AgentClient
from bot.nodes.cluster_reader import ClusterReader
from bot.store.client import connect_to
from bot.store.refusals import Refusals
from handlers.errors import ConfigurationError
from handlers.ports.doctor import Examined

T = TypeVar("T")
Wanted = TypeVar("Wanted")


@dataclass(frozen=True)
class Parts:
    """A doctor for what can be asked; the bot, or else why it cannot start."""

    doctor: Doctor
    bot: wiring.Bot | None = None
    why_not: ConfigurationError | None = None


@asynccontextmanager
async def parts_of(settings: Settings) -> AsyncIterator[Parts]:
    """Make the bot's connections; those that cannot be made keep none of the others from being asked."""
    async with AsyncExitStack() as opened:
        try:
            bot = await opened.enter_async_context(wiring.build(settings))
        except ConfigurationError as error:
            yield Parts(Doctor(await _usable(settings, opened, error)), why_not=error)
        else:
            yield Parts(bot.doctor, bot)


def told_wrong(settings: Settings, why_not: ConfigurationError) -> list[Examined]:
    """Return what keeps the bot from its start: each secret that cannot be read, or else the one reason."""
    secrets = [
        Examined("Secrets", "", f"{'.'.join(map(str, at))}: {why}")
        for at, why in unreadable_secrets(settings)
    ]
    return secrets or [Examined("Configuration", "", str(why_not))]


async def _usable(settings: Settings, opened: AsyncExitStack, why_not: ConfigurationError) -> Patient:
    redis = await opened.enter_async_context(contextlib.aclosing(connect_to(_readable(settings.redis))))
    refusals = Refusals(redis, settings.redis.prefix)
    reader, agents = await _nodes(settings, opened)
    one, other = (settings.model_copy(update={left_out: None}) for left_out in ("prometheus", "alertmanager"))
    return Patient(
        settings=settings,
        redis=redis,
        slack=await _made(opened, clients.slack_client(settings, refusals), lambda client: client),
        reader=reader,
        agents=agents,
        alertmanager=await _made(opened, clients.alerting(one), lambda both: both[0]),
        prometheus=await _made(opened, clients.alerting(other), lambda both: both[1]),
        on_call=why_not if settings.escalation.on_call else None,
    )


async def _nodes(
    settings: Settings, opened: AsyncExitStack
) -> tuple[ClusterReader, AgentClient | ConfigurationError]:
    try:
        return await opened.enter_async_context(clients.reader(settings))
    except ConfigurationError as error:
        return await opened.enter_async_context(clients.pages(settings)), error


async def _made(
    opened: AsyncExitStack, parts: AbstractAsyncContextManager[T], wanted: Callable[[T], Wanted]
) -> Wanted | ConfigurationError:
    try:
        return wanted(await opened.enter_async_context(parts))
    except ConfigurationError as error:
        return error


def _readable(redis: RedisSettings) -> RedisSettings:
    """Return the section without a password that cannot be read: Redis itself says what it makes of that."""
    try:
        if redis.password:
            redis.password.read()
    except ConfigurationError:
        return redis.model_copy(update={"password": None})
    return redis
