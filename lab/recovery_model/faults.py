"""Every fault by its name, and those that take a larger cluster."""

from __future__ import annotations

from lab.recovery_model.other_faults import OTHER_FAULTS
from lab.recovery_model.process_faults import PROCESS_FAULTS

FAULTS = PROCESS_FAULTS | OTHER_FAULTS

OF_FIVE = frozenset({"two of five", "stopped beside slow", "hung beside stopped", "two hung"})
"""Faults that leave a majority only in a larger cluster."""
