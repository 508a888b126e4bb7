"""Poll until something holds; who waits in vain says for what."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any

DEADLINE_S = 30.0
POLL_S = 0.02


async def until(
    question: Callable[[], Any], what: str = "", *, deadline_s: float = DEADLINE_S, poll_s: float = POLL_S
) -> Any:
    """Ask until the answer is true, and return it; `what` is by default the question's own source.

    Raises:
        AssertionError: After the deadline, with what was waited for and the last answer.
    """
    give_up = time.monotonic() + deadline_s
    while True:
        answer = question()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() > give_up:
            raise AssertionError(
                f"waited {deadline_s:g} s for: {what or _source(question)}; last: {answer!r}"
            )
        await asyncio.sleep(poll_s)


def _source(question: Callable[[], Any]) -> str:
    try:
        lines = inspect.getsource(question).split("\n")
    except (OSError, TypeError):
        return repr(question)
    return " ".join(line.strip() for line in lines[:3]).strip()
