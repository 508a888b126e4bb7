"""Why a request failed is told by the classes in its chain of causes, the most exact first."""

from __future__ import annotations

import pytest

from bot.http.errors import timed_out, why


def failed(*causes: Exception) -> Exception:
    """Return an error with this chain of causes below it."""
    error: Exception | None = None
    for cause in reversed(causes):
        cause.__cause__, error = error, cause
    assert error
    return error


@pytest.mark.parametrize(
    ("error", "words", "is_timeout"),
    [
        (failed(RuntimeError("x"), TimeoutError()), "no answer in time", True),
        (failed(RuntimeError("x"), ConnectionRefusedError()), "connection refused", False),
        (failed(TimeoutError(), ConnectionRefusedError()), "connection refused", False),
        (failed(RuntimeError("no answer in time")), None, False),
    ],
    ids=["late", "refused", "refused and late", "only words"],
)
def test_the_class_decides_and_not_the_words(
    error: Exception, words: str | None, *, is_timeout: bool
) -> None:
    assert (why(error), timed_out(error)) == (words, is_timeout)
