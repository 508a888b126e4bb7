"""A cluster under way: queues of entries, a service manager on each host, and what befalls some of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from lab.lag_model.flow import Member, flow
from lab.recovery_model.service import Crashes, Unit


@dataclass
class Host:
    """One node: its queue of entries, its service, and the host and network around them.

    Args:
        queue: What it receives and applies.
        unit: What its service manager shows, where it does not crash.
        crashes: The lives of its process, where it does.
        told: What its agent says of the service, where that is false.
        hung_s: For how long its process has answered nobody.
        page_hangs: Whether only its page answers nobody, and the rest of it works.
        off: Whether its host has no power, or no network at all.
        unseen: What the bot's requests to its page end in, though the page answers on its host.
        cut: Whether its Raft and gossip ports are cut off; its page is not.
        refuses: Whether what cuts it off rejects, and does not drop.
        stands: Whether it stands for election while it is cut off, as without pre-vote.
        free_bytes: Of the file system of its log.
        malformed: Whether its configuration is no TOML.
        counts: Events in its log.
        silent_s: For how long its log has not been written.
    """

    queue: Member
    unit: Unit
    crashes: Crashes | None = None
    told: Unit | None = None
    hung_s: float = 0.0
    page_hangs: bool = False
    off: bool = False
    unseen: str = ""
    cut: bool = False
    refuses: bool = False
    stands: bool = False
    free_bytes: float = 5e10
    malformed: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    silent_s: float = 1.0

    @property
    def name(self) -> str:
        """Return the node's name."""
        return self.queue.name

    def unit_at(self, moment_s: float) -> Unit:
        """Return what its service manager shows so long after the reading has begun."""
        return self.crashes.at(READ_AFTER_S + moment_s) if self.crashes else self.unit

    def listens_at(self, moment_s: float) -> bool:
        """Return whether its process holds its ports open."""
        return not self.off and self.unit_at(moment_s).serves


READ_AFTER_S = 90.0
"""A crashing process is read so long after its first start."""

SERVICE_READ_AT_S = 1.0
"""So long after the first page, its service manager is asked."""


@dataclass
class Scene:
    """Everything of one case; the leader is one of the hosts."""

    draw: random.Random
    hosts: list[Host]
    leader: Host
    offered: float
    is_led: bool = True

    @property
    def followers(self) -> list[Host]:
        """Return the hosts that do not lead, in the configured order."""
        return [host for host in self.hosts if host is not self.leader]

    def victim(self) -> Host:
        """Return the follower that a fault strikes."""
        return self.draw.choice(self.followers)

    def passes(self, low_s: float, high_s: float) -> float:
        """Let a while pass, and return how long."""
        took_s = self.draw.uniform(low_s, high_s)
        self.flow(took_s)
        return took_s

    def flow(self, took_s: float) -> None:
        """Let entries flow for so long."""
        flow(self.leader.queue, [host.queue for host in self.followers], self.offered, took_s)


def scene(draw: random.Random, counts: tuple[int, ...]) -> Scene:
    """Return a cluster of one of these sizes in which every node serves."""
    names = [f"node{number}" for number in range(1, draw.choice(counts) + 1)]
    offered = draw.choice((2, 60, 200, 800, 2500)) * draw.uniform(0.7, 1.3)
    hosts = [_host(draw, name, offered) for name in names]
    made = Scene(draw, hosts, draw.choice(hosts), offered)
    made.passes(20, 60)
    return made


def _host(draw: random.Random, name: str, offered: float) -> Host:
    queue = Member(
        name, applies=offered * draw.uniform(3, 12) + 50, writes=offered * draw.uniform(4, 20) + 50
    )
    queue.log = queue.commit = queue.applied = 100_000
    # A follower that hears its leader writes much at DEBUG, and next to nothing at INFO.
    silent_s = draw.choice((draw.uniform(0, 3), draw.uniform(3, 500)))
    unit = Unit(running_s=draw.uniform(3_600, 2_000_000))
    return Host(queue, unit, free_bytes=draw.uniform(5e9, 90e9), silent_s=silent_s)
