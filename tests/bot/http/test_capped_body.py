"""A body is read only as far as it may go."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.http.capped_body import TooLargeError, join_capped


async def test_a_body_of_exactly_the_limit_is_taken_and_one_byte_more_ends_the_reading():
    read: list[bytes] = []

    async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
        for part in parts:
            read.append(part)
            yield part

    assert await join_capped(chunks(b"abc", b"", b"de"), 5) == b"abcde"
    read.clear()
    with pytest.raises(TooLargeError):
        await join_capped(chunks(b"abc", b"def", b"never"), 5)
    assert read == [b"abc", b"def"]
