"""From a request to an effect and its proof: prepare, commit, and what is found after a crash."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Collection
from contextlib import suppress

from msgspec.structs import replace

from agent.actions.case import NOTHING_TO_UNDO, refuse_unless_failed
from agent.actions.grant_verification import Admission
from agent.actions.kinds import actions_of
from agent.actions.ledger import UNDO_KIND, Ledger
from agent.actions.ledger_entry import LedgerEntry
from agent.actions.observe_effect import observe_effect
from agent.actions.outcome import act, record_end
from agent.actions.planning import plan_edit
from agent.actions.successor import Begun, see_through
from agent.boot import boottime_s
from agent.errors import ConflictError, DeniedError, NeverSeenError
from agent.protocol import (
    ActionReport,
    Grant,
    LedgerMark,
    LedgerState,
    PlannedEdit,
    PlanRequest,
    Prepared,
    PrepareRequest,
    SignedGrant,
    SignedWithdrawal,
    TimelineMark,
    UndoRequest,
    undo_action_id,
)
from agent.readings.reader import STATE_READINGS, NodeReader
from agent.settings import Settings

_NEEDS_SECOND = "So large a step needs a second approver, who signs the grant too."
_logger = logging.getLogger(__name__)


class Executor:
    """Carries out granted actions, one at a time.

    Args:
        settings: The agent's settings.
        reader: Where the node's state comes from.
        ledger: Where every action is recorded.
    """

    def __init__(self, settings: Settings, reader: NodeReader, ledger: Ledger) -> None:
        self._settings = settings
        self._reader = reader
        self._ledger = ledger
        self.admission = Admission(settings)
        self._one_at_a_time = asyncio.Lock()
        self._under_way: asyncio.Task[ActionReport] | None = None
        self._watch: asyncio.Task[None] | None = None

    async def report(self, action_id: str) -> ActionReport:
        """Return what the ledger knows of an action.

        Raises:
            NeverSeenError: If it knows nothing.
        """
        entry = await asyncio.to_thread(self._ledger.find, action_id)
        if entry is None:
            raise NeverSeenError("never_seen", "This node's ledger has never seen this action.")
        return replace(entry.report, ledger=await self.mark())

    async def mark(self) -> LedgerMark:
        """Return which ledger this is and how often it was written to."""
        return await asyncio.to_thread(self._ledger.mark)

    async def prepare(self, request: PrepareRequest) -> Prepared:
        """Say whether an action could be carried out now, and give a nonce to sign it with.

        Raises:
            ConflictError: If it could not, or it went past PREPARED before.
        """
        return await self._offer(request, undoes=None)

    async def undo(self, request: UndoRequest) -> Prepared:
        """Say whether a change of the configuration file could be undone now, and give a nonce for that.

        Raises:
            ConflictError: If it could not.
        """
        undone = await asyncio.to_thread(self._ledger.find, request.action_id)
        if undone is None:
            raise ConflictError("precondition", NOTHING_TO_UNDO)
        if isinstance(request.attempt, int):
            await refuse_unless_failed(self._ledger, undone.action_id, request.attempt - 1)
        name = undo_action_id(undone.action_id, request.attempt)
        return await self._offer(
            PrepareRequest(action_id=name, action=undone.action), undoes=undone.action_id
        )

    async def plan(self, request: PlanRequest) -> PlannedEdit:
        """Return what a change of the configuration would write; ConflictError if it could not be made."""
        return await plan_edit(self._settings, self._reader, self._ledger, request)

    def see_through(self, begun: Collection[Begun]) -> None:
        """Watch actions whose end is this agent's to see, and begin no other meanwhile."""
        self._watch = asyncio.create_task(see_through(self._reader, self._ledger, begun))

    async def _offer(self, request: PrepareRequest, *, undoes: str | None) -> Prepared:
        self._refuse_if_busy()
        entry = await asyncio.to_thread(self._ledger.find, request.action_id)
        if entry is not None and entry.state != "PREPARED":
            raise ConflictError(
                "already_recorded", f"This action is {entry.state} already; ask for its report."
            )
        await self._refuse_if_too_soon(UNDO_KIND if undoes else request.action.type)
        kind = actions_of(self._settings)[request.action.type]
        state = await self._reader.state(STATE_READINGS | kind.reads)
        case = await kind.case(self._settings, self._ledger, request.action, state, undoes)
        if why_not := kind.refusal(case, state):
            raise ConflictError("precondition", why_not)
        await asyncio.to_thread(self._ledger.prepare, request, state)
        return Prepared(
            nonce=self.admission.challenge(request.action_id),
            expires_in_s=self._settings.limits.nonce_life_s,
            state=state,
            ledger=await self.mark(),
            needs_second_approver=kind.needs_second(case, state),
        )

    async def commit(self, signed: SignedGrant) -> ActionReport:
        """Carry out a granted action, once; one that has ended before is only reported again.

        Raises:
            DeniedError: If the grant is not signed, not for this node, or not fresh.
            ConflictError: If another action runs, a limit holds it back, or the world is not as agreed.
        """
        grant = self.admission.admit(signed)
        self._refuse_if_busy()
        await self._one_at_a_time.acquire()
        # Neither a caller that hangs up nor a server that closes breaks it off.
        self._under_way = asyncio.create_task(self._commit_alone(grant))
        self._under_way.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        return await asyncio.shield(self._under_way)

    async def _commit_alone(self, grant: Grant) -> ActionReport:
        """Carry the action out, and let the next one begin."""
        try:
            entry = await asyncio.to_thread(self._ledger.find, grant.action_id)
            if entry is not None and entry.state != "PREPARED":
                return await self._report_again(entry, grant)
            await self._refuse_if_too_soon(UNDO_KIND if grant.undoes is not None else grant.action.type)
            return await self._carry_out(grant)
        finally:
            self._one_at_a_time.release()

    async def finish(self) -> None:
        """Wait for the end of the action that is under way; one that ends this agent is its successor's."""
        if self._under_way is not None:
            await asyncio.wait((self._under_way,))
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch

    async def withdraw(self, request: PrepareRequest) -> ActionReport:
        """Close an action that was asked for and not begun; nothing comes of a late grant any more.

        One that was begun is left as it is: its report says how far it went. Of one that was never asked for
        nothing is recorded, since this takes no signature; no grant for it can be under way.
        """
        await asyncio.to_thread(self._ledger.withdraw, request.action_id)
        try:
            return await self.report(request.action_id)
        except NeverSeenError:
            detail = "It was never asked for here, so there is nothing to withdraw."
            return ActionReport(
                action_id=request.action_id, state="REJECTED", detail=detail, ledger=await self.mark()
            )

    async def void(self, signed: SignedWithdrawal) -> ActionReport:
        """Close an action that was not begun for good, also one that was never asked for.

        Raises:
            DeniedError: If the withdrawal is not signed, or not for this node.
        """
        withdrawal = self.admission.open_withdrawal(signed)
        await asyncio.to_thread(self._ledger.withdraw_for_good, withdrawal)
        return await self.report(withdrawal.action_id)

    async def timeline(self, incident: str) -> TimelineMark:
        """Return how far an incident's timeline had come when an action of it was last granted here.

        Raises:
            NeverSeenError: If none was.
        """
        mark = await asyncio.to_thread(self._ledger.timeline, incident)
        if mark is None:
            raise NeverSeenError("never_seen", "No action of this incident was granted here.")
        return mark

    async def _report_again(self, entry: LedgerEntry, grant: Grant) -> ActionReport:
        if (entry.action, entry.undoes) != (grant.action, grant.undoes):
            raise ConflictError("other_action", f"This id is that of another action, which is {entry.state}.")
        if entry.state == "INTENT":
            raise ConflictError("busy", "This action was begun and its end is not recorded yet.")
        return await self.report(grant.action_id)

    async def _carry_out(self, grant: Grant) -> ActionReport:
        kind = actions_of(self._settings)[grant.action.type]
        agreed, undoes = grant.precondition, grant.undoes
        if undoes is not None and isinstance(grant.attempt, int):
            await refuse_unless_failed(self._ledger, undoes, grant.attempt - 1)
        case = await kind.case(self._settings, self._ledger, grant.action, agreed, undoes)
        if isinstance(grant.after_sha256, str):
            case = dataclasses.replace(case, shown_sha256=grant.after_sha256)
        alone = grant.second_confirmed_by is None
        if alone and kind.needs_second(case, case.agreed):
            raise DeniedError("second_approver", _NEEDS_SECOND)
        await asyncio.to_thread(self._ledger.intend, grant, case.file_bytes)
        # The last look: between it and the effect nothing else is awaited.
        now = await self._reader.state(kind.reads)
        why_not = kind.refusal(case, now)
        if grant.precondition.boot_id != now.boot_id:
            why_not = "The node has booted since this was agreed."
        reason = "precondition"
        if why_not is None and alone and kind.needs_second(case, now):
            reason, why_not = "second_approver", _NEEDS_SECOND
        if why_not:
            await record_end(self._ledger, grant.action_id, "REJECTED", why_not, now)
            raise ConflictError(reason, why_not)
        problem, may_go_on = await act(kind, case)
        if kind.has_begun and (not problem or kind.has_begun(case, await self._reader.state(kind.reads))):
            self.see_through((Begun(grant.action_id, case),))
            return await self.report(grant.action_id)
        after, done = await observe_effect(self._reader, kind, case, self._settings.limits.stays_up_s)
        state: LedgerState = "DONE" if done else "UNKNOWN" if done is None or may_go_on else "NOT_DONE"
        await record_end(self._ledger, grant.action_id, state, f"{problem}{kind.tell(case, after)}", after)
        return await self.report(grant.action_id)

    def _refuse_if_busy(self) -> None:
        if self._one_at_a_time.locked() or (self._watch is not None and not self._watch.done()):
            raise ConflictError("busy", "Another action is being carried out on this node.")

    async def _refuse_if_too_soon(self, kind: str) -> None:
        last_s = await asyncio.to_thread(self._ledger.last_attempt_boottime_s, kind)
        interval_s = self._settings.limits.same_action_interval_s
        if last_s is not None and (wait_s := last_s + interval_s - boottime_s()) > 0:
            raise ConflictError(
                "too_soon",
                f"One {kind} in {interval_s:g} s is the limit; the next may run in {wait_s:.0f} s.",
            )
