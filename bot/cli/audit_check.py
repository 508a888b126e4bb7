"""Check whether the bot wrote a timeline as it is, and whether the nodes' ledgers agree on its actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic import ValidationError

from agent.protocol import LedgerState
from bot.nodes.agent_client import AgentClient
from bot.nodes.agent_connection import AgentUnreachableError
from bot.store.mac_chain import Walk
from bot.store.retention import Retention
from bot.store.timelines import TimelineStore
from handlers.domain.events import EVENT
from handlers.domain.events.remediation import OutcomeState
from handlers.domain.fold import apply
from handlers.domain.incident import Incident
from handlers.domain.run import ActionRun, Run
from handlers.errors import Refused
from handlers.remediation.run import order_of
from runbooks.wording import counted

AGREES: Mapping[OutcomeState, frozenset[LedgerState | None]] = {
    "done": frozenset({"DONE"}),
    "not_done": frozenset({None, "PREPARED", "NOT_DONE"}),
    "rejected": frozenset({None, "PREPARED", "REJECTED"}),
}
"""What a ledger may hold where the timeline says this; `None` is an action that it has never seen.

Of an action whose end the timeline does not know, a ledger may say anything.
"""


@dataclass(frozen=True)
class AuditReport:
    """The audit of one incident.

    `is_trimmed` says that the bot itself has removed its events, as a proof shows; `actions_agree` counts the
    actions on which timeline and ledger agree; `not_asked` says which actions no ledger was asked about, and
    why.
    """

    incident: str
    events: int
    faults: tuple[str, ...]
    actions_agree: int
    not_asked: tuple[str, ...]
    is_trimmed: bool = False

    @property
    def is_sound(self) -> bool:
        """Return whether there are events, or the proof that the bot trimmed them, and no fault."""
        return not self.faults and (self.events > 0 or self.is_trimmed)

    def __str__(self) -> str:
        judged = "; ".join(self.faults) or ("sound" if self.is_sound else "nothing to check")
        words = [f"{self.incident}: {counted(self.events, 'event')}, {judged}"]
        if self.actions_agree:
            words.append(f"the ledgers agree on {counted(self.actions_agree, 'action')}")
        return "; ".join([*words, *(f"not asked: {each}" for each in self.not_asked)]) + "."


class Audit:
    """Checks incidents one by one; a node that once did not answer is not asked again."""

    def __init__(self, store: TimelineStore, agents: AgentClient, retention: Retention) -> None:
        self._store = store
        self._agents = agents
        self._retention = retention
        self._silent: dict[tuple[str, str], str] = {}

    async def of(self, incident_id: str) -> AuditReport:
        """Go along the timeline, then ask the ledgers about the actions in its genuine part.

        Raises:
            Refused: If there is no such incident.
            StoreDown: If Redis does not answer.
        """
        walk = await self._store.walk(incident_id)
        if not walk.links and (trimmed := await self._retention.was_trimmed(incident_id)):
            why = f"the bot trimmed its events after their time{trimmed.words}"
            return AuditReport(incident_id, 0, (), 0, (why,), is_trimmed=True)
        incident, unreadable = _fold(incident_id, walk)
        faults, not_asked, agree = [*walk.faults, *unreadable], [], 0
        if not walk.links and not faults:
            faults += await self._nothing_there(incident_id)
        for run in incident.runs:
            for index, action in run.actions.items():
                try:
                    fault = await self._disagreement(incident, run, index, action)
                except AgentUnreachableError as error:
                    not_asked.append(f"{_words(run, index)} ({error})")
                else:
                    faults += [fault] if fault else []
                    agree += not fault
        cut, silent = await self._cut(incident, walk)
        return AuditReport(incident_id, len(walk.links), (*faults, *cut), agree, (*not_asked, *silent))

    async def _cut(self, incident: Incident, walk: Walk) -> tuple[list[str], list[str]]:
        """Say where an agent has known a longer timeline, or another one, and which agents did not say."""
        faults: list[str] = []
        not_asked: list[str] = []
        macs = {link.position: link.mac for link in walk.links}
        # Where not even its cluster is left, anybody may have acted on it.
        for cluster, node in self._agents.nodes_of(incident.cluster):
            if (cluster, node) in self._silent:
                continue
            try:
                kept = await self._agents.timeline(cluster, node, incident.id)
            except AgentUnreachableError as error:
                self._silent[cluster, node] = str(error)
                not_asked.append(f"how far {node} saw it come ({error})")
                continue
            if kept and macs.get(kept.position) != kept.mac:
                faults.append(f"{node} has acted on event {kept.position}, which is gone or another one now")
        return faults, not_asked

    async def _nothing_there(self, incident_id: str) -> list[str]:
        if incident_id not in await self._store.given_out():
            raise Refused(f"There is no incident {incident_id}.")
        if incident_id in await self._store.open_incidents():
            return []  # its first alert is about to be stored
        return ["its number was given out, and nothing of it is left"]

    async def _disagreement(self, incident: Incident, run: Run, index: int, action: ActionRun) -> str | None:
        order = order_of(replace(incident, runs=(run,)), run.plan.steps[index].action)
        node = (incident.cluster, order.action.node)
        if node in self._silent:
            raise AgentUnreachableError(self._silent[node])
        try:
            entry = await self._agents.ledger_entry(order, action.action_id or self._agents.action_id(order))
        except AgentUnreachableError as error:
            self._silent[node] = str(error)
            raise
        state = entry.state if entry else None
        said = action.finished.state if action.finished else "unknown"
        if said == "unknown" or state in AGREES[said]:
            return None
        known = state or "not known at all"
        return f"{_words(run, index)} is {said} in the timeline, and {known} in the node's ledger"


def _fold(incident_id: str, walk: Walk) -> tuple[Incident, list[str]]:
    """Fold the genuine part, as far as this version can read it."""
    incident = Incident(id=incident_id)
    for link in walk.links[: walk.sound]:
        try:
            incident = apply(incident, EVENT.validate_json(link.event))
        except ValidationError:
            return incident, [f"event {link.position} is of a kind that this version cannot read"]
    return incident, []


def _words(run: Run, index: int) -> str:
    action = run.plan.steps[index].action
    return f"{action.type} on {action.node}"
