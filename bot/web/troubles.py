"""What is wrong with the bot itself, as sentences: for the probe, the App Home and whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime

from redis.asyncio import Redis

from bot.store.health import why_not_ready
from bot.store.queues import backlog
from bot.store.queues.backlog import WAITS_LONG_S
from bot.store.refusals import Refusal, Refusals
from handlers.errors import StoreDown
from runbooks.wording import counted

PASSES = frozenset({"ratelimited"})
"""Refusals that pass by themselves."""

WORDS = {
    "slack": "Slack refuses calls of the bot ({kind})",
    "webhook": "Notifications of Alertmanager are refused with status {kind}",
    "pagerduty": "PagerDuty takes no pages ({kind})",
    "opsgenie": "Opsgenie takes no pages ({kind})",
    "paging_webhook": "The webhook for pages takes none ({kind})",
    "redis": "Something that no bot with these keys wrote stood in Redis ({kind})",
}


class Troubles:
    """`handlers.ports.Troubles` as Redis knows them, whichever process met them."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._prefix, self._refusals = redis, prefix, Refusals(redis, prefix)

    async def now(self) -> tuple[str, ...]:
        """Return a sentence for each; none where all is well."""
        try:
            if why := await why_not_ready(self._redis, self._prefix):
                return (why,)
            refused, waits = await self._refusals.all(), await backlog.read(self._redis, self._prefix)
        except StoreDown as error:
            return (str(error),)
        ages = waits.ages_s
        return (
            *(_refused(each) for each in refused if each.since_s and each.kind not in PASSES),
            *(WAITS[what].format(s=ages[what]) for what in WAITS if ages[what] > WAITS_LONG_S[what]),
        )


WAITS = {
    "message": "A change of an incident has waited for {s:.0f} s to be shown in Slack.",
    "click": "A click or command has waited for {s:.0f} s for its answer.",
    "notification": "A notification has waited for {s:.0f} s to be taken: does a worker run?",
}


def _refused(refusal: Refusal) -> str:
    since = datetime.fromtimestamp(refusal.since_s, UTC)
    words = WORDS.get(refusal.source, refusal.source + " refuses ({kind})").format(kind=refusal.kind)
    return f"{words}: {counted(refusal.count, 'time')} in all, now since {since:%Y-%m-%d %H:%M} UTC."
