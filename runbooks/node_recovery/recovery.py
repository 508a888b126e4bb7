"""When a cluster counts as whole again: every node serves, and is level with the leader."""

from __future__ import annotations

from runbooks.evidence import Evidence
from runbooks.model import Recovery
from runbooks.node_recovery.judge import judged
from runbooks.node_recovery.members import Members
from runbooks.wording import counted


def is_recovered(evidence: Evidence) -> Recovery:
    """Say whether every node was read, follows the leader or leads, is well, and lags by about nothing."""
    members = Members(evidence)
    if members.leader is None or any(judged(members, name) for name in evidence.names):
        return Recovery(is_recovered=False, sentence="not every node is known to serve")
    return Recovery(
        is_recovered=True,
        sign="every node serves",
        sentence=f"All {counted(len(evidence.names), 'node')} serve, level to within {level_within(members)}",
    )


def level_within(members: Members) -> str:
    """Return to within how many entries the nodes that were read are level."""
    most = max((gap.entries for gap in members.gaps.of.values()), default=0)
    return "1 entry" if most == 1 else f"{most} entries"
