"""Diagnosis scenarios with a known truth, generated from a seed."""

from lab.scenarios.generate import COUNTS, generate
from lab.scenarios.scenario import CAUSES, NO_FAULT, Family, Scenario, Truth

__all__ = ["CAUSES", "COUNTS", "NO_FAULT", "Family", "Scenario", "Truth", "generate"]
