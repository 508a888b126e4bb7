"""Events come out of Redis as they went in, and what somebody else put there comes out as it is."""

from __future__ import annotations

import zlib

import pytest

from bot.store.compression import pack, unpack

LONG = b'{"kind":"evidence_read",' + b'"x":"same words",' * 1_000 + b'"y":1}'


@pytest.mark.parametrize("event", [b"", b"{}", b'{"a":"' + b"b" * 511 + b'"}', LONG])
def test_what_is_packed_is_unpacked(event: bytes) -> None:
    assert unpack(pack(event)) == event


def test_short_events_stay_readable_and_long_ones_get_short() -> None:
    assert pack(b"{}") == b"{}"
    assert len(pack(LONG)) < len(LONG) / 50


ODD = {
    "nothing": b"",
    "no zlib": b"x and some words",
    "half": zlib.compress(LONG)[:-9],
    "more behind it": zlib.compress(LONG) + b"more",
}


@pytest.mark.parametrize("stored", ODD.values(), ids=ODD.keys())
def test_what_is_none_of_ours_comes_back_as_it_is(stored: bytes) -> None:
    assert unpack(stored) == stored


def test_a_bomb_is_not_unpacked_beyond_its_bound() -> None:
    bomb = zlib.compress(b"0" * 10_001)
    assert unpack(bomb, 10_000) == bomb
