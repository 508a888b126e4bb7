"""Begin to trace where the configuration asks for it; where it does not, import nothing."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.config import Settings
from bot.store.trace_contexts import TraceContexts
from bot.tracing import UNTRACED, Tracing
from handlers.errors import ConfigurationError


def begin(settings: Settings, redis: Redis) -> Tracing:
    """Return what tells of the bot's work as `[tracing]` says.

    Raises:
        ConfigurationError: If the packages for it are not installed, or its files cannot be used.
    """
    if settings.tracing is None:
        return UNTRACED
    try:
        # Only here: nothing else of the bot needs the packages.
        from bot.spans.export import exporting  # noqa: PLC0415
        from bot.spans.traced import Traced  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed, which only [tracing] needs: pip install"
            " 'neumann-bot[bot,tracing]'."
        ) from error
    return Traced(exporting(settings.tracing), TraceContexts(redis, settings.redis.prefix))
