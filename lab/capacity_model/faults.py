"""What befalls a host in three days, and the words that name it rightly."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from lab.capacity_model.document import Page
from lab.capacity_model.host import BACKUP_FROM_H, BACKUP_UNTIL_H, GIB, Host

DAYS_H = 72.0
Event = Callable[[Host], None]


@dataclass
class Scene:
    """A cluster before its three days.

    Args:
        draw: Where chance comes from.
        hosts: All of them; a fault strikes the last.
        page: What their exporters show.
        events: What happens to the victim, by the hour; 0 is the reading.
        free_bytes: What is left on each file system at the reading; it is sized for that.
        memory_share: What each process then takes of its limit.
    """

    draw: random.Random
    hosts: list[Host]
    page: Page
    events: dict[float, Event] = field(default_factory=dict)
    free_bytes: dict[str, float] = field(default_factory=dict)
    memory_share: dict[str, float] = field(default_factory=dict)

    @property
    def victim(self) -> Host:
        """Return the host that a fault strikes."""
        return self.hosts[-1]

    def is_left_with(self, low: float, high: float) -> None:
        """Size the victim's file system for so many GiB at the reading."""
        self.free_bytes[self.victim.name] = self.draw.uniform(low, high) * GIB

    def takes_of_memory(self, low: float, high: float) -> None:
        """Set the victim's memory limit by the share that it takes at the reading."""
        self.memory_share[self.victim.name] = self.draw.uniform(low, high)

    def since(self, low_h: float, high_h: float, **changes: float) -> float:
        """Let something of the victim be otherwise from an hour on; return for how long it is."""
        hours = self.draw.uniform(low_h, high_h)

        def change(host: Host) -> None:
            for name, value in changes.items():
                setattr(host, name, value)

        self.events[-hours] = change
        return hours


Play = Callable[[Scene], frozenset[str]]


def _not_compacted(scene: Scene) -> frozenset[str]:
    hours = scene.since(3, 70)
    gib_per_h = scene.draw.uniform(5, 40) / hours
    scene.since(hours, hours, uncompacted_per_h=gib_per_h * GIB)
    scene.is_left_with(0.3, 9.5)
    return frozenset({"log_grows"})


def _data_grows(scene: Scene) -> frozenset[str]:
    scene.victim.data_per_h = scene.draw.uniform(0.7, 30) * GIB / 24
    scene.is_left_with(0.3, 9.5)
    return frozenset({"data_grows"})


def _others_grow(scene: Scene) -> frozenset[str]:
    hours = scene.since(3, 70)
    scene.since(hours, hours, others_per_h=scene.draw.uniform(5, 60) / hours * GIB)
    scene.is_left_with(0.3, 9.5)
    return frozenset({"others_fill_disk"})


def _several_grow(scene: Scene) -> frozenset[str]:
    per_h = scene.draw.uniform(1, 10) * GIB / 24
    # A third each: nothing of it is most.
    scene.victim.data_per_h, scene.victim.others_per_h = 1.3 * per_h, per_h
    scene.victim.uncompacted_per_h, scene.victim.quiet_share = per_h, 1.0
    scene.is_left_with(0.3, 9.5)
    return frozenset()


def _a_file_came(scene: Scene) -> frozenset[str]:
    bytes_more = scene.draw.uniform(10, 60) * GIB

    def came(host: Host) -> None:
        host.others_bytes += bytes_more

    scene.events[-scene.draw.uniform(0.05, 70)] = came
    scene.victim.data_per_h = 0.0
    scene.is_left_with(0.3, 9.5)
    return frozenset({"disk_taken"})


def _backup_lies_there(scene: Scene) -> frozenset[str]:
    at_h = scene.draw.uniform(BACKUP_FROM_H, BACKUP_UNTIL_H - 0.1)
    for host in scene.hosts:
        host.clock_h, host.backup_bytes = at_h, 8 * GIB
    scene.victim.data_per_h = 0.0
    scene.is_left_with(4, 9.5)
    return frozenset({"disk_taken"})


def _small_volume(scene: Scene) -> frozenset[str]:
    scene.victim.data_per_h = 0.0
    scene.is_left_with(4, 9.5)
    return frozenset({"disk_taken"})


def _full(scene: Scene) -> frozenset[str]:
    scene.victim.others_per_h = scene.draw.uniform(0.1, 2) * GIB
    scene.is_left_with(0, 0.09)
    return frozenset({"log_stopped"})


def _leaks(scene: Scene) -> frozenset[str]:
    host, age_h = scene.victim, scene.draw.choice((scene.draw.uniform(4, 40), scene.draw.uniform(73, 400)))
    scene.takes_of_memory(0.87, 0.99)
    host.leak_per_h = host.memory_bytes * scene.draw.uniform(0.5, 3) / age_h
    if age_h > DAYS_H:
        host.started_at_h, host.leaked_bytes = -age_h, host.leak_per_h * (age_h - DAYS_H)
    else:
        scene.events[-age_h] = lambda host: host.starts_anew(-age_h)
    return frozenset({"memory_grows"})


def _leaks_of_late(scene: Scene) -> frozenset[str]:
    hours = scene.draw.uniform(0.1, 6)
    scene.since(hours, hours, leak_per_h=scene.victim.memory_bytes * scene.draw.uniform(0.3, 2) / hours)
    scene.takes_of_memory(0.87, 0.99)
    return frozenset({"memory_grows"})


def _limit_too_low(scene: Scene) -> frozenset[str]:
    scene.takes_of_memory(0.87, 0.985)
    return frozenset({"memory_tight"})


def _warms_up(scene: Scene) -> frozenset[str]:
    host, age_h = scene.victim, scene.draw.uniform(3, 60)
    host.warm_up_h, host.cache_bytes = (
        scene.draw.uniform(0.5, 6),
        host.memory_bytes * scene.draw.uniform(0.5, 2),
    )
    scene.events[-age_h] = lambda host: host.starts_anew(-age_h)
    scene.takes_of_memory(0.87, 0.97)
    after = replace(host, started_at_h=-age_h)
    still = after.taken_bytes(24.0) / after.taken_bytes(0.0) - 1
    # While it fills it grows, which is no leak; full, it does not.
    return frozenset({"memory_tight", "memory_grows"}) if still > 0.005 else frozenset({"memory_tight"})


def _killed(scene: Scene) -> frozenset[str]:
    age_h = scene.draw.uniform(0.05, 6)

    def killed(host: Host) -> None:
        host.starts_anew(-age_h)
        host.kills += 1

    scene.victim.leak_per_h = scene.victim.memory_bytes * scene.draw.uniform(0.01, 0.5)
    scene.victim.kills = scene.draw.randint(0, 5)
    scene.events[-age_h] = killed
    scene.takes_of_memory(0.2, 0.95)
    return frozenset({"killed_for_memory"})


def _more_writes(scene: Scene) -> frozenset[str]:
    host, times = scene.victim, scene.draw.uniform(2.5, 5)
    scene.since(0.05, 8, times_writes=times)
    _takes_at_reading(host, scene.draw.uniform(1.0, 2.0) / times)
    # One that is read at a quiet hour may be as busy each day.
    return frozenset({"writes_heavy", "cpu_as_usual"} if host.cores > 0.9 else {"writes_heavy"})


def _always_busy(scene: Scene) -> frozenset[str]:
    scene.victim.quiet_share = 1.0
    scene.victim.cores = scene.draw.uniform(0.95, 6)
    return frozenset({"cpu_as_usual"})


def _spins(scene: Scene) -> frozenset[str]:
    scene.victim.cores = scene.draw.uniform(0.05, 0.6)
    scene.since(0.05, 8, spinning_cores=scene.draw.uniform(1.0, 4))
    return frozenset()


def _sound(_: Scene) -> frozenset[str]:
    return frozenset({"capacity_enough"})


def _takes_at_reading(host: Host, cores: float) -> None:
    """Set what the busiest hour takes by what the hour of the reading does."""
    wave = replace(host, entries=0.0, times_writes=1.0)
    wave.passes(0.0, 1.0)
    host.cores = cores / (wave.entries / (host.writes_per_s * 3600))


FAULTS: dict[str, Play] = {
    "not compacted": _not_compacted,
    "data grows": _data_grows,
    "others grow": _others_grow,
    "several grow": _several_grow,
    "a file came": _a_file_came,
    "backup": _backup_lies_there,
    "small volume": _small_volume,
    "full": _full,
    "leaks": _leaks,
    "leaks of late": _leaks_of_late,
    "limit too low": _limit_too_low,
    "warms up": _warms_up,
    "killed": _killed,
    "more writes": _more_writes,
    "always busy": _always_busy,
    "spins": _spins,
    "sound": _sound,
}
