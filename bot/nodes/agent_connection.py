"""Ask an agent over mutual TLS, with one deadline and two kinds of failure."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import TypeVar

import httpx

from agent import protocol as wire
from bot.http.errors import timed_out, why
from bot.http.exchange import Answer, exchange
from shared.sanitize import plain

ASK_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 30.0
"""A commit carries out its action before it answers; a restart may take a while."""
READINGS_SINCE: tuple[tuple[int, tuple[wire.ReadingName, ...]], ...] = (
    (3, wire.ALL_READINGS),
    (2, wire.SECOND_READINGS),
    (0, wire.FIRST_READINGS),
)
"""From which revision on agents take which readings; who told none yet is asked for all."""

MAX_ANSWER_BYTES = 192_000
"""An observation is some 5 kB, of 51 nodes 25 kB, and the node's own metrics are at most 66 kB more."""

M = TypeVar("M", bound=wire.Wire)


class AgentUnreachableError(Exception):
    """The agent did not answer; the text says why."""


class AgentTimedOutError(AgentUnreachableError):
    """The agent gave no answer in time."""


class AgentRefusedError(Exception):
    """The agent refused, with one sentence and a fixed word for the reason."""

    def __init__(self, refusal: wire.Refusal) -> None:
        super().__init__(refusal.detail)
        self.reason = refusal.reason


class AgentConnection:
    """A connection to the agents that reads; `AgentClient` adds the actions.

    Args:
        http: A client that shows the bot's certificate and knows the agents' certificates.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._revisions: dict[bytes, int] = {}
        self._versions: dict[bytes, str] = {}

    async def observe(self, agent_url: str) -> wire.Observation:
        """Ask an agent for all its readings at once, an older one for those that it knows.

        Raises:
            AgentUnreachableError, AgentRefusedError: With the reason.
        """
        url, where = f"{agent_url}/v1/observe", httpx.URL(agent_url).netloc
        for since, readings in READINGS_SINCE:
            if self._revisions.get(where, since) < since:
                continue
            try:
                request = wire.ObserveRequest(readings=readings)
                return await self.ask("POST", url, wire.Observation, request.to_json())
            except AgentRefusedError as error:
                if error.reason != "bad_request" or not since:
                    raise
        raise AssertionError("the last row is of every agent")

    async def wall_clock(self, agent_url: str) -> wire.WallClock:
        """Ask an agent for its node's wall clock.

        Raises:
            AgentUnreachableError, AgentRefusedError: If it does not say; an older one has no such route.
        """
        return await self.ask("GET", f"{agent_url}/v1/time", wire.WallClock, timeout_s=ASK_TIMEOUT_S)

    async def greet(self, agent_url: str) -> str | None:
        """Return why an agent does not answer; `None` where it does."""
        url = f"{agent_url}/v1/health"
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                answer = await exchange(self._http, "GET", url, limit_bytes=MAX_ANSWER_BYTES)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return str(_unreachable(error))
        return None if answer.is_success else f"the agent answers {answer.status}"

    async def highest_fence(self, agent_url: str) -> int | None:
        """Return the highest fence that an agent has seen; `None` if it does not answer."""
        try:
            return (await self.ledger_mark(agent_url)).highest_fence
        except (AgentUnreachableError, AgentRefusedError):
            return None

    async def ledger_mark(self, agent_url: str) -> wire.LedgerMark:
        """Return which ledger an agent has, and how often it was written to.

        Raises:
            AgentUnreachableError, AgentRefusedError: If it does not say.
        """
        url = f"{agent_url}/v1/health"
        return (await self.ask("GET", url, wire.Health, timeout_s=ASK_TIMEOUT_S)).ledger

    async def ask(
        self,
        method: str,
        url: str,
        answer: type[M],
        body: str | None = None,
        *,
        timeout_s: float | None = None,
    ) -> M:
        """Ask once.

        Args:
            method: GET or POST.
            url: The agent's route.
            answer: The wire type of a good answer.
            body: JSON, where the route takes some.
            timeout_s: Seconds for the whole answer; by default what an action may take.

        Raises:
            AgentUnreachableError: If nothing comes back that can be understood.
            AgentRefusedError: If the agent says no.
        """
        said = await self._send(method, url, body, timeout_s or ANSWER_TIMEOUT_S)
        self._note_version(url, said.headers)
        try:
            if said.is_success:
                return answer.from_json(said.body)
            refusal = wire.Refusal.from_json(said.body)
        except wire.BadMessageError as error:
            raise AgentUnreachableError(
                f"the agent answered {said.status} and nothing this bot understands"
            ) from error
        raise AgentRefusedError(refusal)

    async def _send(self, method: str, url: str, body: str | None, timeout_s: float) -> Answer:
        try:
            # Over all: the client's own timeouts begin anew with each byte.
            async with asyncio.timeout(timeout_s):
                return await exchange(
                    self._http,
                    method,
                    url,
                    limit_bytes=MAX_ANSWER_BYTES,
                    headers={"Content-Type": "application/json"},
                    content=body,
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise _unreachable(error) from error

    def _note_version(self, url: str, headers: Mapping[str, str]) -> None:
        where, told = httpx.URL(url).netloc, headers.get(wire.REVISION_HEADER, "")
        self._revisions[where] = int(told) if re.fullmatch("[0-9]{1,3}", told) else 0
        self._versions[where] = plain(headers.get(wire.VERSION_HEADER, ""), limit=40)

    def knows_timelines(self, agent_url: str) -> bool:
        """Say whether the agent told, when it last answered, that it keeps how far timelines have come."""
        return self._revisions.get(httpx.URL(agent_url).netloc, 0) >= 1

    def undoes_once(self, agent_url: str) -> bool:
        """Say whether the agent is known, since it last answered, to try no undo anew that was not done."""
        return self._revisions.get(httpx.URL(agent_url).netloc, wire.REVISION) < 4

    def version_of(self, agent_url: str) -> str:
        """Return the version that the agent told when it last answered; nothing where it told none."""
        return self._versions.get(httpx.URL(agent_url).netloc, "")


def _unreachable(error: Exception) -> AgentUnreachableError:
    if timed_out(error):
        return AgentTimedOutError("the agent gave no answer in time")
    return AgentUnreachableError(f"the agent cannot be reached ({why(error) or type(error).__name__})")
