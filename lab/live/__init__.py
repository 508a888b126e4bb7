"""The fault catalogue played on real processes: each scenario makes one fault in a running lab."""

from lab.live.catalogue import LIVE
from lab.live.scenario import LiveScenario, Sight, heal

__all__ = ["LIVE", "LiveScenario", "Sight", "heal"]
