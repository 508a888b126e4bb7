"""What the posture keeps, who is on call, and who is paged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handlers.domain.escalation.on_call import HandOver, Rota, Shift
from handlers.domain.incident import Incident
from handlers.domain.posture.watch import Mute, Notice, Standing
from handlers.errors import (
    PageNotTaken,
    SlackDown,
    SourceDown,
)
from handlers.ports.escalation import Page
from runbooks.posture.model import Check, Posture
from runbooks.posture.samples import Sample


@dataclass
class Postures:
    """What is kept of postures; `said` is what the channel was told, `refuses` that Slack is away."""

    kept: dict[str, list[Sample]] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    muted: dict[str, dict[Check, Mute]] = field(default_factory=dict)
    said: list[tuple[str, str, str]] = field(default_factory=list)
    refuses: bool = False

    async def samples(self, cluster: str) -> tuple[Sample, ...]:
        return tuple(self.kept.get(cluster, []))

    async def add_sample(self, cluster: str, sample: Sample) -> None:
        self.kept.setdefault(cluster, []).append(sample)

    async def standing(self, cluster: str) -> Standing:
        return self.standings.get(cluster, Standing())

    async def remember(self, cluster: str, standing: Standing) -> None:
        self.standings[cluster] = Standing.model_validate_json(standing.model_dump_json())

    async def mutes(self, cluster: str) -> Mapping[Check, Mute]:
        return self.muted.get(cluster, {})

    async def mute(self, cluster: str, check: Check, mute: Mute | None) -> None:
        mutes = self.muted.setdefault(cluster, {})
        mutes.pop(check, None)
        if mute:
            mutes[check] = mute

    async def crossed(self, cluster: str, notice: Notice) -> None:
        self._say(cluster, notice.key, " ".join(line.check for line in notice.lines))

    async def digest(self, cluster: str, key: str, posture: Posture) -> None:
        self._say(cluster, key, f"{len(posture.lines)} lines")

    def _say(self, *message: str) -> None:
        if self.refuses:
            raise SlackDown
        if message not in self.said:
            self.said.append(message)  # type: ignore[arg-type]


@dataclass
class Pager:
    """A route past Slack and what it was told; `refuses` is its sentence while it takes nothing."""

    told: list[str] = field(default_factory=list)
    refuses: str | None = None
    asks_to_wait: timedelta | None = None
    after_taking: Callable[[], None] = lambda: None

    async def send(self, page: Page) -> None:
        if self.refuses:
            raise PageNotTaken(self.refuses, self.asks_to_wait)
        self.told.append(page.delivery)
        self.after_taking()


@dataclass
class OnCallBox:
    """A schedule, what is kept of it, and the channel in which changes are told."""

    scheduled: Shift | None = None
    unreadable: str | None = None
    kept: Rota = field(default_factory=Rota)
    said: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    refuses: bool = False

    async def shift(self, now: datetime) -> Shift | None:
        if self.unreadable:
            raise SourceDown(self.unreadable)
        return self.scheduled

    async def read(self) -> Rota:
        return self.kept

    async def remember(self, before: Rota, after: Rota) -> bool:
        if before != self.kept:
            return False
        self.kept = after
        return True

    async def handed_over(self, change: HandOver, open_now: tuple[Incident, ...]) -> None:
        if self.refuses:
            raise SlackDown
        names = tuple(each.name if each else "nobody" for each in (change.before, change.after))
        self.said.append((" to ".join(names), tuple(each.id for each in open_now)))
