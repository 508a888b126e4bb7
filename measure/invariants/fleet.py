"""Agents as the real ones are, made small: a ledger, fences, nonces, and a last look before an effect."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from bot.nodes.agent_client import AgentClient
from handlers.ports import CannotEdit, NotBegun, Obstacle, Order, Outcome, Readiness
from measure.invariants.clock import Clock
from measure.invariants.cluster import RESTART_S, Cluster, Node, sha256_of
from measure.invariants.effects import Effect, Entry, Fate, Grant, Seen, State
from runbooks.plans import Action, PlannedEdit

NONCE_LIFE_S = 60.0
"""The agents' own default."""


@dataclass
class Agent:
    """One node's agent."""

    ledger: dict[str, Entry] = field(default_factory=dict)
    nonces: dict[str, tuple[str, float]] = field(default_factory=dict)
    fence: int = 0


class Fleet:
    """All agents of the cluster, and the log of every effect."""

    def __init__(self, clock: Clock, cluster: Cluster) -> None:
        self.clock, self.cluster = clock, cluster
        self.agents = {name: Agent() for name in cluster.names}
        self.effects: list[Effect] = []
        self.sent: list[Grant] = []
        self.fate: Fate | None = None
        self._answered: dict[str, Seen] = {}
        # The names are the product's own; this client has no connection and sends nothing.
        self._names = AgentClient.__new__(AgentClient)

    def action_id(self, order: Order) -> str:
        """As the bot names it."""
        return self._names.action_id(order)

    def answers(self, name: str) -> bool:
        """Return whether the agent can be reached."""
        return self.cluster.nodes[name].host_up and self.cluster.nodes[name].agent_answers

    def planned_edit(self, action: Action) -> PlannedEdit | CannotEdit:
        """Return what a change of the file would leave, or why it cannot be made."""
        one = self.cluster.nodes[action.node]
        if not self.answers(action.node):
            return CannotEdit("the agent cannot be reached", Obstacle.NO_ANSWER)
        if action.undoes and (why := self._why_not(action, self._seen(action.node), self._seen(action.node))):
            return CannotEdit(why)
        after = self._file_after(action, one)
        lines = (f"-{one.file}", f"+{after}")
        return PlannedEdit(
            path="config", before_sha256=one.sha256, after_sha256=sha256_of(after), lines=lines
        )

    def _file_after(self, action: Action, one: Node) -> tuple[int, int, str]:
        if action.undoes:
            return self.agents[one.name].ledger[action.undoes].file_before or one.file
        return (action.election_timeout_min_ms or 0, action.election_timeout_max_ms or 0, one.file[2])

    def prepare(self, order: Order) -> Readiness | NotBegun:
        """Return a nonce and the state to bind, or why not."""
        name, action_id = order.action.node, self.action_id(order)
        if not self.answers(name):
            return NotBegun(Obstacle.NO_ANSWER, "Nothing was begun: the agent cannot be reached")
        agent, now = self.agents[name], self._seen(name)
        entry = self._entry(name, action_id)
        if self._busy(agent) or (entry and entry.state != "PREPARED"):
            return NotBegun(Obstacle.NODE, f"The agent refuses: {entry.state if entry else 'busy'}")
        if why := self._attempt_before(order) or self._why_not(order.action, now, now):
            return NotBegun(Obstacle.NODE, f"The agent refuses: {why}")
        agent.ledger[action_id] = Entry(order, now)
        nonce = f"nonce-{len(self._answered) + 1}"
        self._answered[nonce] = now
        agent.nonces[nonce] = (action_id, self.clock.s + NONCE_LIFE_S)
        return Readiness(action_id, nonce, state=nonce, boot_id=now.boot_id, config_sha256=now.sha256)

    def agreed(self, readiness: Readiness) -> Seen:
        """Return the state that this answer to `prepare` named."""
        return self._answered[readiness.nonce]

    def deliver(self, grant: Grant, fate: Fate | None = None) -> Outcome | None:
        """Deliver a grant: admit, intend, look a last time, act. `None` where no answer comes back."""
        order, name = grant.order, grant.order.action.node
        if not self.answers(name):
            return None
        agent, one = self.agents[name], self.cluster.nodes[name]
        issued_for, until_s = agent.nonces.pop(grant.nonce, ("", 0.0))
        if issued_for != grant.action_id or self.clock.s > until_s:
            return Outcome("rejected", "The agent refuses: the nonce is unknown, used or expired.")
        entry = self._entry(name, grant.action_id)
        if self._busy(agent):
            return Outcome("rejected", "The agent refuses: busy.")
        if entry is None or entry.state != "PREPARED":
            return _outcome(entry)
        if order.fence < agent.fence:
            return Outcome("rejected", "The agent refuses: the fence is older.")
        agent.fence = order.fence
        entry.agreed, entry.state, entry.file_before = grant.agreed, "INTENT", one.file
        if fate == "agent_dies_before":
            self._die(name)
            return None
        now = self._seen(name)
        why = "booted since" if grant.agreed.boot_id != now.boot_id else None
        why = why or self._why_not(order.action, grant.agreed, now)
        if order.after_sha256 and sha256_of(self._file_after(order.action, one)) != order.after_sha256:
            why = why or "the edit would not give the file that was shown"
        if why:
            entry.state, entry.detail = "REJECTED", why
            return Outcome("rejected", f"The agent refuses: {why}")
        self._act(grant, entry, one)
        if fate == "agent_dies_after":
            self._die(name)
            return None
        entry.state = "DONE"
        return _outcome(entry)

    def status(self, order: Order) -> Outcome | None:
        """Return what the ledger knows, once nothing is under way; time passes while an agent is silent."""
        name = order.action.node
        entry = self._entry(name, self.action_id(order))
        if not self.answers(name):
            self.clock.pass_s(30.0)
            return Outcome("unknown", "Nobody knows whether it was done.")
        if entry and entry.until_s > self.clock.s:
            self.clock.pass_s(entry.until_s - self.clock.s)
        return _outcome(entry)

    def withdraw(self, order: Order) -> Outcome:
        """Close what was not begun; of the rest, what the ledger knows."""
        name, action_id = order.action.node, self.action_id(order)
        if self.answers(name):
            entry = self.agents[name].ledger.setdefault(action_id, Entry(order, self._seen(name)))
            if entry.state == "PREPARED":
                entry.state, entry.detail = "REJECTED", "Withdrawn before it was begun."
        return self.status(order) or Outcome("unknown", "The agent did not answer.")

    def void(self, orders: Collection[Order]) -> frozenset[str]:
        """Close what was not begun where the agent answers; return the nodes where it does not."""
        nodes = {order.action.node for order in orders}
        silent = {name for name in nodes if not self.answers(name)}
        for order in orders:
            if order.action.node not in silent:
                self.withdraw(order)
        return frozenset(silent)

    def seen_fences(self) -> dict[str, int | None]:
        """As far as the agents answer."""
        return {name: agent.fence if self.answers(name) else None for name, agent in self.agents.items()}

    def come_back(self, name: str, *, booted: bool = False) -> None:
        """Let a silent agent answer again; one that had died judges what it left without an end."""
        self.cluster.nodes[name].agent_answers = True
        if booted:
            self.agents[name].nonces.clear()
        for entry in self.agents[name].ledger.values():
            if entry.state == "INTENT":
                entry.state = self._judge(entry, self._seen(name))

    def _die(self, name: str) -> None:
        self.cluster.nodes[name].agent_answers = False
        self.agents[name].nonces.clear()

    def _busy(self, agent: Agent) -> bool:
        return any(entry.until_s > self.clock.s for entry in agent.ledger.values())

    def _entry(self, name: str, action_id: str) -> Entry | None:
        return self.agents[name].ledger.get(action_id)

    def _seen(self, name: str) -> Seen:
        one = self.cluster.nodes[name]
        return Seen(one.boot_id, one.sha256, self.cluster.runs(name), one.pid, one.offset_ms)

    def _attempt_before(self, order: Order) -> str | None:
        """Return why an undo is not tried anew: the attempt before has not ended, or is done."""
        if order.action.attempt == 1:
            return None
        earlier = order.action.model_copy(update={"attempt": order.action.attempt - 1})
        entry = self._entry(order.action.node, self.action_id(replace(order, action=earlier)))
        ended = entry is not None and entry.state in ("REJECTED", "NOT_DONE", "UNKNOWN")
        return None if ended else "the attempt before is open or done"

    def _why_not(self, action: Action, agreed: Seen, now: Seen) -> str | None:
        match action.type:
            case "restart_service":
                if now.sha256 != agreed.sha256:
                    return "the file has changed"
                same = now.active and now.pid == agreed.pid
                return None if same else "it does not run as that process"
            case "start_service":
                return "it runs already" if now.active else None
            case "clock_sync":
                same = abs(now.offset_ms) > 500 and (now.offset_ms > 0) == (agreed.offset_ms > 0)
                return None if same else "the clock is not surely off"
            case "set_election_timeouts":
                return None if now.sha256 == agreed.sha256 else "the file has changed"
            case "transfer_leadership":
                return "nobody leads in this model, so there is nothing to hand on"
            case "undo_election_timeouts":
                undone = self._entry(action.node, action.undoes or "")
                if undone is None or undone.state != "DONE":
                    return "nothing to undo"
                return None if now.sha256 == agreed.sha256 == undone.sha256_after else "the file has changed"

    def _act(self, grant: Grant, entry: Entry, one: Node) -> None:
        action, before = grant.order.action, self._seen(one.name)
        spared = self.cluster.majority_without(one.name)
        but_for_us = self.cluster.majority_without(one.name, restarting=True)
        match action.type:
            case "start_service":
                one.start()
            case "restart_service":
                one.start()
                one.away_until_s = entry.until_s = self.clock.s + RESTART_S
            case "clock_sync":
                one.offset_ms = 0.0
            case "set_election_timeouts" | "undo_election_timeouts":
                one.file = self._file_after(action, one)
        entry.sha256_after = one.sha256
        self.effects.append(Effect(self.clock.s, grant, before, one.sha256, spared, but_for_us))

    def _judge(self, entry: Entry, now: Seen) -> State:
        match entry.order.action.type:
            case "set_election_timeouts" | "undo_election_timeouts":
                before = entry.agreed.sha256 == now.sha256
                return "NOT_DONE" if before else "DONE" if now.sha256 == entry.sha256_after else "UNKNOWN"
            case "restart_service":
                done = now.active and now.pid != entry.agreed.pid
            case "start_service":
                done = now.active
            case "clock_sync":
                done = abs(now.offset_ms) <= 500
            case "transfer_leadership":
                done = False
        return "DONE" if done and now.boot_id == entry.agreed.boot_id else "UNKNOWN"


def _outcome(entry: Entry | None) -> Outcome | None:
    match entry.state if entry else "PREPARED":
        case "DONE":
            return Outcome("done", "Done.", entry.sha256_after if entry else None)
        case "NOT_DONE":
            return Outcome("not_done", "It was not done.")
        case "REJECTED":
            return Outcome("rejected", entry.detail if entry else "")
        case "UNKNOWN":
            return Outcome("unknown", "Nobody knows whether it was done.")
        case _:
            return None
