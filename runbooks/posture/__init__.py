"""Posture: what could become the next incident. Evidence, inventory and samples in; lines out."""

from __future__ import annotations

from runbooks.evidence import Evidence
from runbooks.posture.certificates import certificate_lines
from runbooks.posture.clocks import clock_lines
from runbooks.posture.configuration import configuration_lines
from runbooks.posture.disks import disk_lines
from runbooks.posture.inventory import Inventory
from runbooks.posture.links import link_lines
from runbooks.posture.model import Posture, in_order
from runbooks.posture.processes import process_lines
from runbooks.posture.samples import Sample, sample_of
from runbooks.posture.tolerance import tolerance_lines
from runbooks.posture.trends import Trends


def judge(evidence: Evidence, inventory: Inventory, samples: tuple[Sample, ...] = ()) -> Posture:
    """Return a cluster's posture: pure, and the same readings give the same words.

    Args:
        evidence: What was read now.
        inventory: Where the nodes are, and which versions their agents told.
        samples: Earlier readings, cut down, oldest first.
    """
    earlier = tuple(each for each in samples if each.at < evidence.started_at)
    trends = Trends((*earlier, sample_of(evidence)))
    lines = [
        *tolerance_lines(evidence, inventory),
        *link_lines(evidence, trends),
        *configuration_lines(evidence, trends),
        *clock_lines(evidence, trends),
        *certificate_lines(evidence),
        *disk_lines(evidence, trends),
        *process_lines(evidence, inventory, trends),
    ]
    return Posture(
        cluster=evidence.cluster,
        at=evidence.started_at,
        lines=in_order(lines),
        samples=len(earlier),
        sampled_since=earlier[0].at if earlier else None,
    )
