"""One host over time: what lies on its file system, and what its Neumann process takes of memory and CPU."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

GIB = 2**30
SNAPSHOT_ENTRIES = 10_000
ROTATED_BYTES, OLD_FILES = 10**9, 3
BACKUP_FROM_H, BACKUP_UNTIL_H = 1.0, 4.0


@dataclass
class Host:
    """What a host uses, and at which rates that changes; rates of data and log follow the day's wave.

    Args:
        name: The node.
        clock_h: What its clock shows at the reading, which is hour 0; hours before are negative.
        writes_per_s: Entries committed a second at the busiest hour.
        quiet_share: What of that is left at the quietest.
        entry_bytes: The size of one entry in the log.
        cores: Cores that the busiest hour takes, without `spinning_cores`.
        rotates: Whether three old files of the log are kept, of 1 GB each.
    """

    name: str
    clock_h: float
    writes_per_s: float
    quiet_share: float
    entry_bytes: float
    cores: float
    rotates: bool
    data_bytes: float
    others_bytes: float
    backup_bytes: float
    memory_bytes: float
    cache_bytes: float = 0.0
    warm_up_h: float = 2.0
    started_at_h: float = -2_000.0
    data_per_h: float = 0.0
    others_per_h: float = 0.0
    uncompacted_per_h: float = 0.0
    leak_per_h: float = 0.0
    spinning_cores: float = 0.0
    times_writes: float = 1.0
    kills: int = 0
    entries: float = 0.0
    uncompacted_bytes: float = 0.0
    leaked_bytes: float = 0.0
    cpu_s: float = 0.0
    disk_bytes: float = 0.0
    memory_limit_bytes: float = 0.0

    def passes(self, hour: float, hours: float) -> None:
        """Let so many hours pass from one on."""
        wave = self._wave(hour)
        self.entries += self.writes_per_s * self.times_writes * wave * 3600 * hours
        self.cpu_s += (self.cores * self.times_writes * wave + self.spinning_cores) * 3600 * hours
        self.data_bytes += self.data_per_h * wave * hours
        self.uncompacted_bytes += self.uncompacted_per_h * wave * hours
        self.others_bytes += self.others_per_h * hours
        self.leaked_bytes += self.leak_per_h * hours

    def _clock(self, hour: float) -> float:
        return (hour + self.clock_h) % 24

    def _wave(self, hour: float) -> float:
        """Return the share of the busiest hour's load, which is 14 o'clock."""
        wave = (1 + math.cos((self._clock(hour) - 14) / 12 * math.pi)) / 2
        return self.quiet_share + (1 - self.quiet_share) * wave

    @property
    def log_bytes(self) -> float:
        """Return the log's size: since the last snapshot, or old files and the one that is written."""
        if self.rotates:
            last = self.entries * self.entry_bytes % ROTATED_BYTES
            return OLD_FILES * ROTATED_BYTES + last + self.uncompacted_bytes
        return self.entries % SNAPSHOT_ENTRIES * self.entry_bytes + self.uncompacted_bytes

    def used_bytes(self, hour: float) -> float:
        """Return what lies on the file system; at night a backup does."""
        is_night = BACKUP_FROM_H <= self._clock(hour) < BACKUP_UNTIL_H
        backup = self.backup_bytes if is_night else 0.0
        return self.data_bytes + self.log_bytes + self.others_bytes + backup

    def free_bytes(self, hour: float) -> float:
        """Return what is free."""
        return max(self.disk_bytes - self.used_bytes(hour), 0.0)

    def taken_bytes(self, hour: float) -> float:
        """Return the memory taken: a base, a cache that fills after a start, and what leaked."""
        age_h = max(hour - self.started_at_h, 0.0)
        return (
            self.memory_bytes + self.leaked_bytes + self.cache_bytes * (1 - math.exp(-age_h / self.warm_up_h))
        )

    def seen_memory_bytes(self, hour: float, draw: random.Random) -> float:
        """Return what the page says of it: allocations come and go."""
        return min(self.taken_bytes(hour) * draw.uniform(0.995, 1.005), self.memory_limit_bytes)

    def starts_anew(self, hour: float) -> None:
        """Let the process begin again: caches are cold, and what leaked is given back."""
        self.started_at_h, self.leaked_bytes, self.cpu_s = hour, 0.0, 0.0
