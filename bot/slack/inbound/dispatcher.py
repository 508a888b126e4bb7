"""Hand stored requests to Bolt, many at a time; what one process leaves half done, another repeats."""

from __future__ import annotations

import structlog
from slack_bolt.async_app import AsyncApp

from bot.slack.inbound.request_queue import SlackRequests
from bot.store.queues.consumer import Consumer
from bot.store.queues.stream import StreamEntry
from bot.timing import DEFAULT_TIMING, Timing

log = structlog.get_logger()

AT_ONCE = 64
"""How many requests one process answers at the same time."""

TRY_AGAIN = 503
"""The status of a request that could not be dealt with, and can be later."""


class Dispatcher(Consumer[StreamEntry]):
    """Answers the requests that `SlackRequests` has stored."""

    def __init__(self, app: AsyncApp, requests: SlackRequests, timing: Timing = DEFAULT_TIMING) -> None:
        answer = requests.tracing.taken(requests.stream.key, self._answer)
        super().__init__(requests.stream, answer, at_once=AT_ONCE, timing=timing)
        self._app, self._requests, self._again_in_s = app, requests, timing.after_failure_s

    async def _answer(self, entry: StreamEntry) -> float | None:
        request = self._requests.opened(entry)
        if request is None:
            await self._requests.refusals.note("redis", "slack-requests")
            return None
        try:
            response = await self._app.async_dispatch(request.for_bolt())
        except Exception:
            log.exception("request_failed")  # Bolt could not read it, and will not the next time either
            return None
        return self._again_in_s if response.status == TRY_AGAIN else None
