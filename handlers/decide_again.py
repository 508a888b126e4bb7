"""Decide again where a timeline has grown between reading it and appending to it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from handlers.errors import Moved

P = ParamSpec("P")
T = TypeVar("T")


def decide_again_if_moved(
    use_case: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Repeat a use case, which reads the timeline first, for as long as its append comes too late."""

    @functools.wraps(use_case)
    async def repeated(*args: P.args, **kwargs: P.kwargs) -> T:
        while True:
            with suppress(Moved):
                return await use_case(*args, **kwargs)

    return repeated
