"""The whole of it: one incident's world, and its ports."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handlers.domain.escalation.model import TargetKind
from handlers.domain.history.month import Objective
from handlers.domain.permissions import Permission, Permissions
from handlers.domain.policy import Member
from handlers.ports import (
    Ports,
)
from runbooks.evidence import NodeEvidence
from tests.builders import ALICE, NOON
from tests.handlers.world.agents import Agents, Slots
from tests.handlers.world.alerting import Alerting, Silences
from tests.handlers.world.cluster import Cluster
from tests.handlers.world.slack import HOME, ON_CALL, Directory, Threads
from tests.handlers.world.timelines import Timelines
from tests.handlers.world.watched import OnCallBox, Pager, Postures


@dataclass
class Clock:
    """Time that passes only when somebody sleeps."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.pass_s(seconds)

    def pass_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class World:
    """All of it, and the `Ports` that the handlers get."""

    timelines: Timelines = field(default_factory=Timelines)
    cluster: Cluster = field(default_factory=Cluster)
    agents: Agents = field(default_factory=Agents)
    directory: Directory = field(
        default_factory=lambda: Directory(
            {ALICE.id: Member(ALICE.id, team=HOME, home_team=HOME, groups=frozenset({ON_CALL}))}
        )
    )
    threads: Threads = field(default_factory=Threads)
    time: Clock = field(default_factory=Clock)
    run_locks: Slots = field(default_factory=Slots)
    permissions: Permissions = field(
        default_factory=lambda: Permissions((Permission(confirm_groups=(ON_CALL,)),))
    )
    silences: Silences = field(default_factory=Silences)
    alerting: Alerting | None = None
    postures: Postures = field(default_factory=Postures)
    pagers: dict[TargetKind, Pager] = field(default_factory=dict)
    on_call: OnCallBox | None = None
    objective: Objective = field(default_factory=Objective)

    def __post_init__(self) -> None:
        self.agents.on_effect = self.cluster.feel
        self.agents.node = self._node

    def _node(self, name: str) -> NodeEvidence:
        return self.cluster.shows.node(name)

    @property
    def ports(self) -> Ports:
        return Ports(
            timelines=self.timelines,
            past=self.timelines,
            reader=self.cluster,
            agents=self.agents,
            directory=self.directory,
            threads=self.threads,
            time=self.time,
            run_locks=self.run_locks,
            permissions=self.permissions,
            silences=self.silences,
            alertmanager=self.alerting,
            prometheus=self.alerting,
            checkpoints=self.alerting,
            postures=self.postures,
            notices=self.postures,
            pagers=self.pagers,
            schedule=self.on_call,
            rotas=self.on_call,
            hand_overs=self.on_call,
            objective=self.objective,
        )

    def kinds(self, incident_id: str = "inc-1") -> list[str]:
        """The timeline as a list of words."""
        return [event.kind for event in self.timelines.events[incident_id]]
