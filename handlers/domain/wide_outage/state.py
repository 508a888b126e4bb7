"""What an incident has to do with a wide outage, folded from its events. Frozen."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.domain.events.wide_outage import WideOutageJoined, WideOutageSeen


@dataclass(frozen=True)
class WideOutage:
    """`seen` is the newest list, in the timeline of the first incident alone; `joined` is in each one's."""

    seen: WideOutageSeen | None = None
    joined: WideOutageJoined | None = None

    @property
    def goes_on(self) -> bool:
        """Return whether this incident has the list of an outage of which one is open."""
        return self.seen is not None and any(member.is_open for member in self.seen.members)
