"""What is kept of postures, and the channel in which they are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from handlers.domain.posture.watch import Mute, Notice, Standing
from runbooks.posture.model import Check, Posture
from runbooks.posture.samples import Sample


class Postures(Protocol):
    """Each cluster's samples, its standing, and its mutes, shared by all replicas and bounded."""

    async def samples(self, cluster: str) -> tuple[Sample, ...]:
        """Return the kept samples, oldest first."""

    async def add_sample(self, cluster: str, sample: Sample) -> None:
        """Keep a sample; the oldest one beyond the bound goes."""

    async def standing(self, cluster: str) -> Standing:
        """Return what was kept of the last look; an empty one where there is none."""

    async def remember(self, cluster: str, standing: Standing) -> None:
        """Replace the standing."""

    async def mutes(self, cluster: str) -> Mapping[Check, Mute]:
        """Return the mutes that have not ended."""

    async def mute(self, cluster: str, check: Check, mute: Mute | None) -> None:
        """Mute a check, or take its mute away."""


class Notices(Protocol):
    """A cluster's channel, outside of any incident."""

    async def crossed(self, cluster: str, notice: Notice) -> None:
        """Post lines that crossed, once under the notice's key.

        Raises:
            SlackDown: If Slack did not take it.
        """

    async def digest(self, cluster: str, key: str, posture: Posture) -> None:
        """Post a digest, once under its key.

        Raises:
            SlackDown: If Slack did not take it.
        """
