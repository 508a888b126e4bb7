"""Say who leads once the leadership was handed on: the agent of the old leader knows its own part alone."""

from __future__ import annotations

from dataclasses import replace

from handlers.domain.undetermined import Judgement, Undetermined
from handlers.judging import judge
from handlers.ports import Outcome, Ports
from runbooks import raft
from runbooks.model import Leadership
from runbooks.plans import Action


async def with_new_leader(ports: Ports, cluster: str, action: Action, outcome: Outcome) -> Outcome:
    """Return the outcome with who leads now, where it is that of a transfer that was done."""
    if action.type != "transfer_leadership" or outcome.state != "done":
        return outcome
    sampled = await ports.reader.sample_metrics(cluster)
    lead = judge(Judgement.NODE_CHECK, raft.leadership, sampled)
    if isinstance(lead, Undetermined) or lead.highest_term is None:
        return outcome
    return replace(outcome, detail=f"{outcome.detail} {_who_leads(lead, action)}")


def _who_leads(lead: Leadership, action: Action) -> str:
    if not lead.leader or not lead.majority:
        return "No leader with a majority is seen yet."
    other = "" if lead.leader == action.to else f", not {action.to}"
    return f"{lead.leader} leads term {lead.term}{other}."
