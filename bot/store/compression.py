"""Compresses events for Redis: evidence repeats itself for every node, so it packs to a tenth or less."""

from __future__ import annotations

import zlib

WORTH_IT_BYTES = 512
MAX_UNPACKED_BYTES = 64_000_000
LEVEL = 6


def pack(event: bytes) -> bytes:
    """Return what is stored of an event: a short one as it is, a longer one compressed."""
    return zlib.compress(event, LEVEL) if len(event) > WORTH_IT_BYTES else event


def unpack(stored: bytes, most_bytes: int = MAX_UNPACKED_BYTES) -> bytes:
    """Return the event. What is neither JSON nor packed comes back as it is, for the MAC to refuse."""
    if stored[:1] != b"\x78":  # zlib's first byte; an event's is a brace
        return stored
    unpacker = zlib.decompressobj()
    try:
        event = unpacker.decompress(stored, most_bytes)
    except zlib.error:
        return stored
    return event if unpacker.eof and not unpacker.unused_data else stored


def unpacked(fields: list[bytes]) -> dict[bytes, bytes]:
    """Return an entry's fields by name, with its event unpacked; Redis lists name, value, name, value, …"""
    by_name = dict(zip(fields[::2], fields[1::2], strict=True))
    return {**by_name, b"event": unpack(by_name.get(b"event", b""))}
