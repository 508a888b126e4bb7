"""Have the agents show what they would write, so that what a person confirms is what is written."""

from __future__ import annotations

from handlers.errors import Refused, StaleOffer
from handlers.ports import Agents, CannotEdit
from runbooks.plans import CHANGES_FILE, Action, Plan, PlannedEdit


async def with_planned_edits(agents: Agents, cluster: str, plan: Plan) -> Plan:
    """Return the plan with each edit as the agent that writes it gives it, bound to its result.

    Raises:
        StaleOffer: If a file is not the one that was read when the remedy was offered.
        Refused: If an agent cannot make its edit, or does not show it.
    """
    wanted = [step.action for step in plan.steps if step.action.type in CHANGES_FILE]
    if not wanted:
        return plan
    edits: dict[Action, PlannedEdit] = {}
    for action, answer in (await agents.planned_edits(cluster, wanted)).items():
        if isinstance(answer, CannotEdit):
            raise Refused(f"{action.node}'s configuration cannot be changed so: {answer.reason}")
        if plan.bound.config_sha256.get(action.node, answer.before_sha256) != answer.before_sha256:
            raise StaleOffer(f"The configuration of {action.node} has changed since it was read.")
        edits[action] = answer
    return plan.with_edits(edits)
