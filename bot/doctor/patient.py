"""What the doctor looks at."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Settings
from handlers.ports import Ports


@dataclass(frozen=True)
class Patient:
    """The bot's own connections, and the settings that they were made by."""

    redis: Redis
    slack: AsyncWebClient
    ports: Ports
    settings: Settings
