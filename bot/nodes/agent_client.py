"""Have agents carry out actions: a nonce, a signed grant, and no order repeated when an answer is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial

import httpx
from nacl.signing import SigningKey

from agent import protocol as wire
from bot.config import Cluster, Node
from bot.nodes.action_messages import (
    action_id_of,
    grant_of,
    outcome_of,
    prepare_request_of,
    undo_request_of,
    withdrawal_of,
)
from bot.nodes.agent_connection import (
    ASK_TIMEOUT_S,
    AgentConnection,
    AgentRefusedError,
    AgentUnreachableError,
)
from bot.nodes.planned_edits import UNDOES_ONCE, planned_edit
from bot.store.ledger_marks import LEDGER_WENT_BACK, LedgerMarks
from handlers.ports import CannotEdit, NotBegun, Obstacle, Order, Outcome, Readiness
from runbooks.plans import Action, PlannedEdit

ASK_AGAIN_FOR_S = 30.0
"""How long a lost answer is asked about before it is called unknown."""

UNDER_WAY_FOR_S = 150.0
"""... and while the agent says that it is still at it: systemd gives 90 s to stop, a pod is made anew."""


class AgentClient(AgentConnection):
    """`handlers.ports.Agents`, and the agents' half of a reading."""

    def __init__(
        self,
        clusters: tuple[Cluster, ...],
        http: httpx.AsyncClient,
        key: SigningKey,
        second_key: SigningKey | None = None,
        marks: LedgerMarks | None = None,
    ) -> None:
        self._nodes: Mapping[tuple[str, str], Node] = {
            (cluster.name, node.name): node for cluster in clusters for node in cluster.nodes
        }
        super().__init__(http)
        self._marks = marks
        self._key = key
        self._second_key = second_key

    def nodes_of(self, cluster: str) -> tuple[tuple[str, str], ...]:
        """Return cluster and name of the cluster's configured nodes; without a cluster, of all nodes."""
        return tuple(each for each in self._nodes if cluster in ("", each[0]))

    async def seen_fences(self, cluster: str) -> dict[str, int | None]:
        """Return the highest fence that each agent of the cluster reports; `None` for a silent one."""
        urls = {node: one.agent_url for (name, node), one in self._nodes.items() if name == cluster}
        fences = await asyncio.gather(*map(self.highest_fence, urls.values()))
        return dict(zip(urls, fences, strict=True))

    def action_id(self, order: Order) -> str:
        """Return the action's id, a hash of what it is."""
        return action_id_of(order)

    async def planned_edits(
        self, cluster: str, actions: Collection[Action]
    ) -> dict[Action, PlannedEdit | CannotEdit]:
        """Ask each node's agent what its change of the configuration file would write."""
        asked = (planned_edit(self, self._nodes.get((cluster, each.node)), each) for each in actions)
        return dict(zip(actions, await asyncio.gather(*asked), strict=True))

    async def prepare(self, order: Order) -> Readiness | NotBegun:
        """Ask for a nonce and the state it is bound to."""
        undo = undo_request_of(order.action)
        request = undo or prepare_request_of(order)
        try:
            if why_not := await self._why_not_this_ledger(order):
                return NotBegun(Obstacle.NODE, why_not)
            if order.action.attempt > 1 and self.undoes_once(self._node(order).agent_url):
                return NotBegun(Obstacle.NODE, UNDOES_ONCE)
            url = self._url(order, "undo" if undo else "prepare")
            prepared = await self.ask("POST", url, wire.Prepared, request.to_json())
        except AgentRefusedError as error:
            return NotBegun(Obstacle.NODE, f"The agent refuses: {error}")
        except AgentUnreachableError as error:
            return NotBegun(Obstacle.NO_ANSWER, f"Nothing was begun: {error}")
        await self._remember(order, prepared.ledger)
        return Readiness(
            self.action_id(order),
            prepared.nonce,
            prepared.state.to_json(),
            boot_id=prepared.state.boot_id,
            pod_uid=prepared.state.pod.uid if prepared.state.pod else None,
            config_sha256=prepared.state.config_sha256,
            needs_second=prepared.needs_second_approver,
            term=prepared.state.raft.term if prepared.state.raft else None,
        )

    async def commit(self, order: Order, readiness: Readiness) -> Outcome:
        """Sign the grant and send it once; a lost answer, or one without an end, is asked about."""
        grant = grant_of(
            order,
            readiness,
            names_second=self._second_key is not None,
            names_timeline=self.knows_timelines(self._node(order).agent_url),
        )
        second_key = self._second_key if order.approved_by else None
        body = wire.sign(grant, self._key, second_key=second_key).to_json()
        try:
            report = await self.ask("POST", self._url(order, "commit"), wire.ActionReport, body)
        except AgentRefusedError as error:
            return Outcome("rejected", f"The agent refuses: {error}")
        except AgentUnreachableError:
            return await self.withdraw(order)
        await self._remember(order, report.ledger)
        ended = outcome_of(report) or await self.status(order, UNDER_WAY_FOR_S)
        return ended or Outcome("unknown", report.detail)

    async def status(self, order: Order, patience_s: float | None = None) -> Outcome | None:
        """Poll the ledger while the action is under way or the agent is silent."""
        name = self.action_id(order)
        ask = partial(self.ledger_entry, order, name)
        return await self._until_known(order, ask, patience_s or ASK_AGAIN_FOR_S)

    async def withdraw(self, order: Order) -> Outcome:
        """Have the ledger close the action if it was not begun, so that a late grant is void."""
        known = await self._until_known(order, lambda: self._void(order), ASK_AGAIN_FOR_S)
        return known or Outcome("unknown", f"{order.action.node} does not say what became of it.")

    async def void(self, orders: Collection[Order]) -> frozenset[str]:
        """Have the ledgers close these actions for good; return the nodes whose agent did not."""

        async def untold(order: Order) -> str | None:
            try:
                await self._void(order)
            except (AgentUnreachableError, AgentRefusedError):
                return order.action.node
            return None

        return frozenset(node for node in await asyncio.gather(*map(untold, orders)) if node)

    async def _void(self, order: Order) -> wire.ActionReport:
        """Ask once; an older agent closes an action only once it was asked for."""
        signed = wire.sign_withdrawal(withdrawal_of(order), self._key)
        for route, body in (("void", signed), ("withdraw", prepare_request_of(order))):
            try:
                url = self._url(order, route)
                return await self.ask("POST", url, wire.ActionReport, body.to_json(), timeout_s=ASK_TIMEOUT_S)
            except AgentRefusedError as error:
                if error.reason != "no_such_route":
                    raise
        raise AgentUnreachableError("the agent knows no way to close an action")

    async def _until_known(
        self, order: Order, ask: Callable[[], Awaitable[wire.ActionReport | None]], patience_s: float
    ) -> Outcome | None:
        try:
            self._node(order)
        except AgentUnreachableError as error:
            return Outcome("unknown", f"Nobody can be asked: {error}.")
        last = f"the agent on {order.action.node} does not answer"
        began = time.monotonic()
        while time.monotonic() - began < patience_s:
            try:
                report = await ask()
            except (AgentUnreachableError, AgentRefusedError) as error:
                last = str(error)
            else:
                if report:
                    await self._remember(order, report.ledger)
                if report is None or report.state == "PREPARED":
                    return None
                if outcome := outcome_of(report):
                    return outcome
                last = report.detail
                patience_s = UNDER_WAY_FOR_S if report.state == "INTENT" else patience_s
            await asyncio.sleep(1.0)
        return Outcome("unknown", f"Nobody knows whether it was done, look at {order.action.node}: {last}")

    async def timeline(self, cluster: str, node: str, incident: str) -> wire.TimelineMark | None:
        """Return how far the timeline had come when this agent last acted for it; None where it never did.

        Raises:
            AgentUnreachableError: If the agent does not say.
        """
        url = f"{self._configured(cluster, node).agent_url}/v1/timelines/{incident}"
        try:
            return await self.ask("GET", url, wire.TimelineMark, timeout_s=ASK_TIMEOUT_S)
        except AgentRefusedError as error:
            if error.reason in ("never_seen", "no_such_route"):
                return None
            raise AgentUnreachableError(str(error)) from error

    async def ledger_entry(self, order: Order, action_id: str) -> wire.ActionReport | None:
        """Ask once what the node's ledger has under this id; `None` where it has never seen it.

        Raises:
            AgentUnreachableError: If the agent does not say.
        """
        url = self._url(order, f"actions/{action_id}")
        try:
            return await self.ask("GET", url, wire.ActionReport, timeout_s=ASK_TIMEOUT_S)
        except AgentRefusedError as error:
            if error.reason == "never_seen":
                return None
            raise AgentUnreachableError(str(error)) from error

    def _node(self, order: Order) -> Node:
        return self._configured(order.cluster, order.action.node)

    def _configured(self, cluster: str, name: str) -> Node:
        """Return the node as it is configured.

        Raises:
            AgentUnreachableError: If it has been taken out of the configuration meanwhile.
        """
        node = self._nodes.get((cluster, name))
        if node is None:
            raise AgentUnreachableError(f"{name} is not in the configuration any more")
        return node

    def _url(self, order: Order, path: str) -> str:
        return f"{self._node(order).agent_url}/v1/{path}"

    async def _why_not_this_ledger(self, order: Order) -> str | None:
        """Return why this is not the newest ledger seen; it is asked first, lest refusals let it catch up."""
        if self._marks is None:
            return None
        seen = await self._marks.newest(self._ledger_name(order))
        now = await self.ledger_mark(self._node(order).agent_url)
        if seen and not now.follows(seen):
            return LEDGER_WENT_BACK.format(cluster=order.cluster, node=order.action.node)
        await self._remember(order, now)
        return None

    async def _remember(self, order: Order, mark: wire.LedgerMark | None) -> None:
        if self._marks and mark:
            await self._marks.remember(self._ledger_name(order), mark)

    def _ledger_name(self, order: Order) -> str:
        return f"{order.cluster}/{order.action.node}/{self._node(order).pairing}"
