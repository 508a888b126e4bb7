"""What an incident has to do with a wide outage, folded from its events. Frozen."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.domain.events.wide_outage import WideOutageJoined, WideOutageSeen


@dataclass(frozen=True)
class WideOutage:
    """`seen` is the newest list, in the timeline of the first incident alone; `joined` is in each one's."""

    seen: WideOutageSeen | None = None
    joined: WideOutageJoined | None = None
