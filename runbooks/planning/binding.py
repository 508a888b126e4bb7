"""Bind a plan to the evidence that it was drawn up on."""

from __future__ import annotations

from runbooks.evidence import Evidence
from runbooks.model import UNDO, Remedy
from runbooks.planning.node_check import leadership
from runbooks.plans import Binding


def bound_to(evidence: Evidence, remedy: Remedy, *, with_files: bool = False) -> Binding:
    """Return what must still be so when the remedy is carried out.

    Args:
        evidence: What the remedy was offered on.
        remedy: The remedy; its nodes' boots are bound, and their pods. An undo is drawn up on evidence from
            before the run that has made the pods anew.
        with_files: Whether its nodes' configuration files are bound as well, since it changes them.
    """
    lead = leadership(evidence)
    nodes = [evidence.node(name) for name in dict.fromkeys(action.node for action in remedy.actions)]
    boots = {n.node: n.service.value.boot_id for n in nodes if n.service.value}
    pods = {n.node: n.service.value.pod for n in nodes if n.service.value}
    files = {node.node: node.config.value.sha256 for node in nodes if with_files and node.config.value}
    return Binding(
        evidence_at=evidence.started_at,
        leader=lead.leader if lead.majority else None,
        term=lead.term,
        config_sha256=files,
        pods={} if remedy.name == UNDO else {name: pod.uid for name, pod in pods.items() if pod},
        boot_ids={name: boot_id for name, boot_id in boots.items() if boot_id},
    )
