"""A wait that is in vain names what it was for."""

from __future__ import annotations

import pytest

from tests.waiting import until


async def test_the_answer_comes_back_as_soon_as_it_is_true() -> None:
    answers = iter(["", 0, "there"])
    assert await until(lambda: next(answers), poll_s=0.0) == "there"


async def test_an_awaited_question_is_asked_the_same_way() -> None:
    async def question() -> int:
        return 7

    assert await until(question) == 7


async def test_a_wait_in_vain_says_what_for() -> None:
    seen: list[str] = []
    with pytest.raises(AssertionError, match=r"waited 0 s for: .*lambda: seen.*; last: \[\]"):
        await until(lambda: seen, deadline_s=0.0)
    with pytest.raises(AssertionError, match="waited 0 s for: a headline; last: 0"):
        await until(lambda: len(seen), "a headline", deadline_s=0.0)
