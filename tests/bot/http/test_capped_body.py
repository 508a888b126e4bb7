"""A body is read only as far as it may go."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request

from bot.http.capped_body import TooLargeError, join_capped, refuse_declared


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


@pytest.mark.parametrize("declared", ["6", "9" * 5_000])
def test_an_announced_length_over_the_limit_is_refused_however_long_the_number(declared: str):
    with pytest.raises(TooLargeError):
        refuse_declared(announcing(declared), 5)


@pytest.mark.parametrize("declared", ["5", "", "-1", "²", "five", "1e9"])
def test_what_is_no_length_is_left_to_the_reading(declared: str):
    refuse_declared(announcing(declared), 5)


def announcing(declared: str) -> Request:
    headers = [(b"content-length", declared.encode("latin-1"))]
    return Request({"type": "http", "headers": headers})
