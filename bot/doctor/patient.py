"""What the doctor looks at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.alerting.alertmanager import AlertmanagerClient
from bot.alerting.prometheus import PrometheusClient
from bot.config import Settings
from bot.nodes.agent_client import AgentClient
from bot.nodes.cluster_reader import ClusterReader
from handlers.domain.escalation.on_call import OnCall
from handlers.errors import ConfigurationError


@dataclass(frozen=True)
class Patient:
    """The bot's own connections, and the settings that they were made by.

    One that cannot be made is the error that says why. `None` is what is not configured.
    """

    settings: Settings
    redis: Redis
    slack: AsyncWebClient | ConfigurationError
    reader: ClusterReader
    agents: AgentClient | ConfigurationError
    prometheus: PrometheusClient | ConfigurationError | None
    alertmanager: AlertmanagerClient | ConfigurationError | None
    on_call: Callable[[], Awaitable[OnCall]] | ConfigurationError | None
