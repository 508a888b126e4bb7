"""The quick ring's guard: an unmarked test starts no process and does not really sleep."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, SupportsIndex

import pytest

MARKS = ("process", "exhaustive", "slow", "browser")
LONGEST_SLEEP_S = 0.2
HERE = str(Path(__file__).parent)


class OutsideTheRingError(BaseException):
    """A BaseException, so that no `except Exception` of the code under test swallows it."""


class Guard:
    """Watches one test at a time and keeps what it did that the quick ring does not allow."""

    def __init__(self) -> None:
        self.is_on = False
        self.breaches: list[str] = []

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse a process; an audit hook, since no name under which it was imported evades it."""
        if not self.is_on:
            return
        if event in ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn"):
            started = f" ({arguments[0]!r})" if arguments else ""
            raise self.breach(f"starts a process{started}")

    def breach(self, what: str) -> OutsideTheRingError:
        """Note a breach and return the error that says what to do."""
        sentence = f"This test {what}: mark it `@pytest.mark.process`, and `make test-all` runs it."
        self.breaches.append(sentence)
        return OutsideTheRingError(sentence)

    def fail_if_breached(self) -> None:
        """Fail the test that is running, also where the code under test swallowed the error."""
        if self.breaches:
            told, self.breaches = self.breaches, []
            pytest.fail(told[0], pytrace=False)

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Allow a process for a while: for the one Redis that all tests of a worker share."""
        was_on, self.is_on = self.is_on, False
        try:
            yield
        finally:
            self.is_on = was_on


guard = Guard()
_sleep = asyncio.sleep
_block = time.sleep


def watched_block(seconds: float | SupportsIndex, /) -> None:
    """Stand in for `time.sleep`."""
    if guard.is_on and float(seconds) >= LONGEST_SLEEP_S:
        raise guard.breach(f"sleeps for {seconds} s")
    _block(seconds)


async def _slept(delay: float, result: Any, whose: str) -> Any:
    answer = await _sleep(delay, result)  # who is cancelled before has not waited
    if guard.is_on and delay >= LONGEST_SLEEP_S and whose.startswith(HERE):
        raise guard.breach(f"sleeps for {delay} s")
    return answer


def watched_sleep(delay: float, result: Any = None) -> Any:
    """Stand in for `asyncio.sleep`; the sleeps of background loops of the product are not counted."""
    return _slept(delay, result, sys._getframe(1).f_code.co_filename)


def install() -> None:
    """Begin to watch this process. An audit hook stays for good, hence `is_on`."""
    sys.addaudithook(guard.audit)
    time.sleep = watched_block
    asyncio.sleep = watched_sleep


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Watch each test from set-up to teardown, unless it is marked."""
    guard.is_on = not any(item.get_closest_marker(mark) for mark in MARKS)
    guard.breaches.clear()
    try:
        return (yield)
    finally:
        guard.is_on = False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Fail a test whose breach was swallowed."""
    answer = yield
    guard.fail_if_breached()
    return answer


PROCESS_FIXTURES = frozenset({"lab", "running_lab", "mortal_redis"})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands on a fixture that starts processes, before `-m` selects."""
    for item in items:
        if PROCESS_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("process")
