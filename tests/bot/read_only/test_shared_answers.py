"""Many who ask at once are one question; a question that failed is asked again."""

from __future__ import annotations

import asyncio

import pytest

from bot.read_only.shared_answers import FRESH_S, SharedAnswers
from tests.bot.web.api.site import Stopwatch
from tests.waiting import until


class Source:
    """Answers when it is let, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()
        self.fails = False

    async def ask(self, name: str) -> str:
        self.asked.append(name)
        await self.may_answer.wait()
        if self.fails:
            raise OSError("away")
        return f"{name} {len(self.asked)}"


async def test_all_who_ask_while_it_is_read_get_the_same_and_later_ones_too_for_a_while():
    source, watch = Source(), Stopwatch()
    answers = SharedAnswers(source.ask, watch)
    waiting = [asyncio.create_task(answers.of("demo")) for _ in range(5)]
    other = asyncio.create_task(answers.of("prod"))
    await until(lambda: len(source.asked) == 2)
    source.may_answer.set()
    assert set(await asyncio.gather(*waiting)) == {"demo 2"}
    await other
    watch.at_s = FRESH_S - 0.1
    assert await answers.of("demo") == "demo 2"
    watch.at_s = FRESH_S
    assert await answers.of("demo") == "demo 3"
    assert source.asked == ["demo", "prod", "demo"]


async def test_who_hangs_up_takes_the_answer_from_nobody():
    source = Source()
    answers = SharedAnswers(source.ask, Stopwatch())
    one, other = (asyncio.create_task(answers.of("demo")) for _ in range(2))
    await until(lambda: source.asked)
    one.cancel()
    source.may_answer.set()
    assert await other == "demo 1"
    assert source.asked == ["demo"]


async def test_what_failed_is_asked_for_anew():
    source = Source()
    answers = SharedAnswers(source.ask, Stopwatch())
    source.may_answer.set()
    source.fails = True
    with pytest.raises(OSError, match="away"):
        await answers.of("demo")
    source.fails = False
    assert await answers.of("demo") == "demo 2"


async def test_at_the_end_nothing_is_under_way():
    source = Source()
    answers = SharedAnswers(source.ask, Stopwatch())
    asking = asyncio.create_task(answers.of("demo"))
    await until(lambda: source.asked)
    await answers.end()
    with pytest.raises(asyncio.CancelledError):
        await asking
