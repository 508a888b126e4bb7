"""A reload that is asked for while the bot starts: it is neither its end nor forgotten."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from bot import __main__, running
from bot.cli import app


@pytest.fixture(autouse=True)
def mask() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.mark.parametrize(
    ("command", "waits"),
    [("serve", True), ("web", True), ("worker", True), ("diagnose", False), ("", False)],
)
def test_a_service_keeps_a_reload_waiting_from_its_first_line_on(
    monkeypatch: pytest.MonkeyPatch, command: str, waits: bool
) -> None:
    """Other commands end as their terminal closes."""
    blocked: list[bool] = []
    monkeypatch.setattr(sys, "argv", ["neumann-bot", *filter(None, [command])])
    monkeypatch.setattr(
        app, "main", lambda: blocked.append(signal.SIGHUP in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    )
    __main__.main()
    assert blocked == [waits]


async def test_it_is_followed_once_the_bot_works() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    # To this thread: those that other tests left do not hold it back, as all of a bot's do.
    signal.pthread_kill(threading.get_ident(), signal.SIGHUP)
    with running._signals() as (ending, reloading):
        await asyncio.wait_for(reloading.wait(), 30)
        assert not ending.is_set()
