"""Ask an agent what it would write into its configuration file, before anybody confirms it."""

from __future__ import annotations

import msgspec

from agent import protocol as wire
from bot.config import Node
from bot.nodes.action_messages import on_the_wire
from bot.nodes.agent_connection import AgentConnection, AgentRefusedError, AgentUnreachableError
from handlers.ports import CannotEdit, Obstacle
from runbooks.plans import Action, PlannedEdit

PLAN_TIMEOUT_S = 2.0
"""Seconds: Slack opens a plan within three seconds of the click or not at all."""

UNDOES_ONCE = "The agent is older than this bot and tries an undo only once; upgrade it."
AGENT_TOO_OLD = "the agent is older than this bot and cannot show what it would write; upgrade it."


async def planned_edit(
    connection: AgentConnection, node: Node | None, action: Action
) -> PlannedEdit | CannotEdit:
    """Return the edit that the node's agent would make; `node` is None where the configuration has none."""
    if node is None:
        return CannotEdit("it is not in the configuration any more.", Obstacle.NO_ANSWER)
    change = on_the_wire(action)
    assert isinstance(change, wire.SetElectionTimeouts)  # noqa: S101  the only action that edits a file
    request = wire.PlanRequest(action=change, undoes=action.undoes).to_json()
    url = f"{node.agent_url}/v1/plan"
    try:
        edit = await connection.ask("POST", url, wire.PlannedEdit, request, timeout_s=PLAN_TIMEOUT_S)
    except AgentRefusedError as error:
        return CannotEdit(AGENT_TOO_OLD if error.reason == "no_such_route" else str(error))
    except AgentUnreachableError as error:
        why = f"{error}, so nobody can say what would be written."
        return CannotEdit(why, Obstacle.NO_ANSWER)
    return PlannedEdit.model_validate(msgspec.to_builtins(edit))
