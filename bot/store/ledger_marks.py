"""The newest mark of each agent's ledger: shows when a ledger was restored to an older state."""

from __future__ import annotations

from redis.asyncio import Redis

from agent.protocol import BadMessageError, LedgerMark
from bot.store.errors import store_errors
from bot.store.keys import Keys
from bot.store.scripts import Script
from handlers.errors import StoreDown

LEDGER_WENT_BACK = (
    "The ledger of the agent on {node} is another one than it had, or an older copy of it, so it may not know"
    " what was done: look at the node, then pair it again with `neumann-bot agents add --cluster {cluster}"
    " --node {node}`."
)


class LedgerMarks:
    """One Redis hash: agent → the newest mark of its ledger, which no later answer may fall behind.

    The first mark is trusted, so a mark that Redis lost is learned again. An agent that is paired again has
    another name here, since the name holds the pairing; so a restored ledger is accepted after a new pairing.
    """

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._marks = Keys(prefix).ledger_marks()
        self._remember = Script(redis, "ledger_mark_remember")

    async def newest(self, agent: str) -> LedgerMark | None:
        """Return the newest mark that an agent gave; `None` where it never gave one.

        Raises:
            StoreDown: If Redis does not say, or holds something else there.
        """
        async with store_errors():
            known = await self._redis.hget(self._marks, agent)
        try:
            return None if known is None else LedgerMark.from_json(known)
        except BadMessageError as error:
            raise StoreDown(
                f"The ledger mark of {agent} in Redis cannot be read; delete it there."
            ) from error

    async def remember(self, agent: str, mark: LedgerMark) -> None:
        """Keep a mark if it is newer; one of another ledger is never kept.

        Raises:
            StoreDown: If Redis does not take it.
        """
        async with store_errors():
            await self._remember(marks=self._marks, agent=agent, mark=mark.to_json())
