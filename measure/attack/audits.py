"""What came of the writes, and whether an audit calls sound what the bot did not write."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bot.cli.audit_check import AuditReport
from bot.grant_keys import mac
from bot.store.compression import unpack

Entries = Sequence[tuple[bytes, dict[bytes, bytes]]]


@dataclass
class Tally:
    """What came of it."""

    writes: Counter[str] = field(default_factory=Counter)
    wrongs: list[str] = field(default_factory=list)
    audits: int = 0
    sound: int = 0
    slowest_livez_s: float = 0.0

    @property
    def count(self) -> int:
        """How many writes there were."""
        return sum(self.writes.values())


async def judge(
    tally: Tally,
    incident: str,
    audit: Callable[[str], Awaitable[AuditReport]],
    not_sound: Callable[[str], Awaitable[str | None]],
    what: str,
) -> None:
    """Count an audit, and as wrong one that says sound where it is not, or where that cannot be told."""
    try:
        report = await audit(incident)
    except Exception:  # it says that it cannot check; so it does not say that it is sound
        return
    tally.audits += 1
    if not report.is_sound:
        return
    tally.sound += 1
    try:
        why = await not_sound(incident)
    except Exception as error:
        why = repr(error)
    if why:
        tally.wrongs.append(f"{report} after {what}: {why}")


def first_other(incident: str, entries: Entries, key: bytes) -> int | None:
    """Return the place of the first event that the bot did not write there; `None` if it wrote them all."""
    last = ""
    for place, (name, fields) in enumerate(entries, start=1):
        if not fields.keys() >= {b"event", b"mac"}:
            return place
        event = unpack(fields[b"event"])
        right = mac(key, incident.encode(), b"%d" % place, last.encode(), event).hex()
        if name != b"0-%d" % place or not hmac.compare_digest(right.encode(), fields[b"mac"]):
            return place
        last = right
    return None
