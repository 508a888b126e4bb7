"""The chain of MACs over a timeline: write access to Redis alone is not enough to make or move an event."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nacl.signing import SigningKey

from bot.config import AgentSettings
from bot.grant_keys import grant_key, mac, mac_key

KEY_USE = b"neumann-bot timeline MAC, version 1"
PLACE = re.compile(rb"0-([0-9]{1,18})")

Entry = tuple[bytes, Mapping[bytes, bytes]]


@dataclass(frozen=True)
class End:
    """The end of a timeline: how many events it has, and the MAC of the last. Its text is kept in Redis."""

    position: int = 0
    mac: str = ""

    def __str__(self) -> str:
        return f"{self.position} {self.mac}" if self.position else ""


BEGINNING = End()


@dataclass(frozen=True)
class MacLink:
    """One stored event, genuine or not; `position` is `None` where its entry id is none of the bot's."""

    position: int | None
    mac: str
    event: bytes


@dataclass(frozen=True)
class Walk:
    """The result of checking a timeline: the first `sound` links are genuine, `faults` say what is wrong."""

    links: tuple[MacLink, ...]
    sound: int
    faults: tuple[str, ...]
    end: End


class Chain:
    """Makes and checks MACs with keys that are derived from grant keys; the first signs, all are accepted."""

    def __init__(self, *grant_keys: SigningKey) -> None:
        self._keys = [mac_key(key, KEY_USE) for key in grant_keys]

    @classmethod
    def of(cls, agents: AgentSettings) -> Chain:
        """Make the chain that every replica with this configuration makes.

        Raises:
            ConfigurationError: If a key's file holds no key.
        """
        return cls(*(grant_key(file) for file in (agents.grant_key, *agents.other_grant_keys)))

    def extend(self, incident_id: str, end: End, event: bytes) -> End:
        """Return the end of the timeline once this event is added."""
        position = end.position + 1
        return End(position, _mac(self._keys[0], incident_id, position, end.mac, event))

    def walk(self, incident_id: str, start: End, entries: Iterable[Entry], recorded_end: str) -> Walk:
        """Check the entries after `start`, and that they end where the bot recorded that they do."""
        links: list[MacLink] = []
        faults: list[str] = []
        sound, here = 0, start
        for entry_id, fields in entries:
            place = PLACE.fullmatch(entry_id)
            link = MacLink(
                position=int(place[1]) if place else None,
                mac=fields.get(b"mac", b"").decode(errors="replace"),
                event=fields.get(b"event", b""),
            )
            links.append(link)
            if link.position is None:
                faults.append(f"the entry {entry_id.decode(errors='replace')} is none of the bot's")
                continue
            if fault := self._fault(incident_id, here, link):
                faults.append(fault)
            sound += not faults
            # Go on from the stored MAC, right or wrong, so that each fault is reported once, at its event.
            here = End(link.position, link.mac)
        if recorded_end != str(here):
            faults.append(_wrong_end(here, recorded_end))
        return Walk(tuple(links), sound, tuple(faults), here)

    def _fault(self, incident_id: str, before: End, link: MacLink) -> str | None:
        first, place = before.position + 1, link.position
        assert place is not None  # noqa: S101  asked by the one caller
        if place != first:
            return (
                f"event {first} is missing"
                if place == first + 1
                else f"events {first} to {place - 1} are missing"
            )
        if not link.mac:
            return f"event {place} carries no MAC, so it is from before there were any, or not the bot's"
        for key in self._keys:
            right = _mac(key, incident_id, place, before.mac, link.event)
            if hmac.compare_digest(right.encode(), link.mac.encode()):
                return None
        return (
            f"event {place} is not what the bot wrote there, or was signed with a key that is not configured"
        )


def _mac(key: bytes, incident_id: str, position: int, before: str, event: bytes) -> str:
    """Return the MAC over incident, position, the MAC before and the event, in hexadecimal."""
    return mac(key, incident_id.encode(), b"%d" % position, before.encode(), event).hex()


def _wrong_end(here: End, recorded_end: str) -> str:
    count, _, _ = recorded_end.partition(" ")
    if not recorded_end:
        return "nothing says where it should end"
    if count == str(here.position):
        return "its last event is not the one that was noted as the last"
    recorded = f"event {count}" if count.isdecimal() and len(count) < 19 else "no event"
    return f"it ends at event {here.position}, and {recorded} is noted as the last"
