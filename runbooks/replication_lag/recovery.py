"""When a cluster counts as caught up."""

from __future__ import annotations

from runbooks.evidence import Evidence
from runbooks.gaps import Gaps
from runbooks.model import Recovery


def is_recovered(evidence: Evidence) -> Recovery:
    """Say whether every configured node was read at this look and none is behind by more than is allowed."""
    gaps = Gaps(evidence)
    if gaps.leader is None or len(gaps.of) < len(evidence.names) or gaps.behind:
        return Recovery(is_recovered=False, sentence="not every node is known to have caught up")
    most = max((gap.entries for gap in gaps.of.values()), default=0)
    return Recovery(
        is_recovered=True,
        sign="caught up",
        sentence=f"{gaps.leader} and all others stand level, to within {_entries(most)}",
    )


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"
