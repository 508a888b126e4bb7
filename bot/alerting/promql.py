"""What Prometheus is asked, as PromQL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

LEADERS = """count by (cluster) (
    tensor_chain_raft_state{{state=~"(?i)leader",{of}}} == 1
  or
    tensor_chain_raft_state{{raft_state=~"(?i)leader",{of}}} == 1
  or
    tensor_chain_raft_state{{state="",raft_state="",{of}}} == 2
)"""
"""As the shipped rule NoLeader counts them; `of` are the labels of a cluster's targets."""


def firing(names: Iterable[str]) -> str:
    """Return the query of the alerts of these rules that fire."""
    one_of = "|".join(re.escape(name) for name in sorted(names))
    return f'ALERTS{{alertstate="firing",alertname=~{json.dumps(one_of)}}}'


def of_cluster(metric: str, cluster: str) -> str:
    """Return the query of a metric of a cluster's nodes."""
    return f'{metric}{{job="neumann",cluster={json.dumps(cluster)}}}'
