"""When a cluster counts as having its leader back."""

from __future__ import annotations

from runbooks import raft
from runbooks.evidence import Evidence
from runbooks.model import Leadership, Recovery


def is_recovered(evidence: Evidence) -> Recovery:
    """Say whether a leader is there at this look."""
    return recovery_of(raft.leadership({node.node: node.newest_metrics for node in evidence.nodes}))


def recovery_of(lead: Leadership) -> Recovery:
    """Say whether one node leads the highest term with a majority; commits must go on while it lasts."""
    leads = f"{lead.leader} leads term {lead.term}" if lead.leader else ""
    return Recovery(
        is_recovered=bool(lead.leader) and lead.majority and lead.term == lead.highest_term,
        sign=leads,
        progress=lead.commit_index,
        sentence=leads or "no leader",
        leadership=lead,
    )
