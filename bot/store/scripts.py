"""Lua scripts for what must happen in one step in Redis, called by the names that their heads give."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from bot.store.errors import REPLICAS_WITHIN_MS

log = structlog.get_logger()

PARAMETER = re.compile(r"^-- (KEYS|ARGV)\[(\d+)(?:\.\.\.)?\] (\w+)", re.MULTILINE)
"""A line of a script's head: `-- ARGV[1] cluster`; `ARGV[3...]` takes the rest."""

Value = str | bytes | int | float


class Script:
    """One file of `bot/store/lua`, called with a keyword for each key and argument that its head names.

    A sequence fills a parameter that takes the rest; `None` leaves out one that is optional.
    """

    def __init__(self, redis: Redis, name: str) -> None:
        self._redis, self._name, self._source = redis, name, source(name)
        self._script = redis.register_script(self._source)

    async def __call__(self, **given: Value | Sequence[Value] | None) -> Any:  # noqa: ANN401  what the script returns
        """Run the script by its hash."""
        return await self._script(*self._in_order(given))

    async def on_replicas(self, count: int, **given: Value | Sequence[Value] | None) -> Any:  # noqa: ANN401
        """Run the script, and wait for so many replicas to have what it wrote; for a second at most.

        What is written stands all the same where they have not.
        """
        if not count:
            return await self(**given)
        async with self._redis.pipeline(transaction=False) as pipe:
            self.eval_on(pipe, **given)
            pipe.wait(count, REPLICAS_WITHIN_MS)  # it is about the same connection's writes
            answer, have = await pipe.execute()
        if have < count:
            log.warning("replicas_behind", script=self._name, replicas=have, asked=count)
        return answer

    def eval_on(self, client: Redis | Pipeline, **given: Value | Sequence[Value] | None) -> Any:  # noqa: ANN401
        """Run the script by its text: in a pipeline nobody can ask whether Redis knows its hash."""
        keys, arguments = self._in_order(given)
        return client.eval(self._source, len(keys), *keys, *arguments)

    def _in_order(self, given: dict[str, Value | Sequence[Value] | None]) -> tuple[list[Any], list[Any]]:
        expected = parameters(self._name)
        if given.keys() != {name for _, name in expected}:
            raise TypeError(f"{self._name}.lua takes {expected}, not {sorted(given)}")
        values: dict[str, list[Any]] = {"KEYS": [], "ARGV": []}
        for kind, name in expected:
            value = given[name]
            if isinstance(value, list | tuple):
                values[kind] += value
            elif value is not None:
                values[kind].append(value)
        return values["KEYS"], values["ARGV"]


@cache
def source(name: str) -> str:
    """Return the text of a script."""
    return files("bot.store").joinpath("lua", f"{name}.lua").read_text()


@cache
def parameters(name: str) -> tuple[tuple[str, str], ...]:
    """Return what a script takes, in order: `("KEYS", "open")`, …"""
    return tuple((match[1], match[3]) for match in PARAMETER.finditer(source(name)))
