"""Whether Slack and Redis are as the configuration says: every user group and channel is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator

from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Settings
from bot.main import Bot, channel_of
from bot.slack.delivery.web_api import SlackBusy, call
from bot.slack.directory import SlackDirectory
from bot.slack.lookups import Lookups
from bot.store.health import why_not_ready
from handlers.domain.permissions import GROUPS_GONE
from handlers.errors import SlackDown
from handlers.ports import Purpose


async def complaints(bot: Bot, settings: Settings) -> AsyncIterator[str]:
    """Yield a sentence for each thing that is not as it should be."""
    if why := await why_not_ready(bot.redis, settings.redis.prefix):
        yield why
    client, directory = bot.slack.client, bot.ports.directory
    assert isinstance(directory, SlackDirectory)  # noqa: S101  `build` makes no other
    try:
        await call(client, "auth.test")
    except SlackDown as error:
        yield f"{error} No user group and no channel was asked for."
        return
    async for complaint in _groups(directory, sorted(settings.who_may.groups)):
        yield complaint
    async for complaint in _channels(client, settings):
        yield complaint


async def _groups(directory: SlackDirectory, groups: list[str]) -> AsyncIterator[str]:
    patient = Lookups(directory.members)  # Slack answers twenty a minute, and there may be more groups
    for group in groups:
        try:
            if await patient.get(group, Purpose.RUN) is None:
                yield GROUPS_GONE.format(groups=group)
        except SlackDown as error:
            yield f"The user group {group}: {error}"


async def _channels(client: AsyncWebClient, settings: Settings) -> AsyncIterator[str]:
    """Read the newest message of each channel: that is what the scopes of the app allow to ask."""
    channels = {settings.slack.channel, *(channel_of(settings, each.name) for each in settings.clusters)}
    for channel in sorted(channels):
        try:
            await call(client, "conversations.history", read=True, channel=channel, limit=1)
        except SlackBusy:
            continue  # it is asked for nothing that it would refuse
        except SlackDown as error:
            yield f"The channel {channel}: {error}"
