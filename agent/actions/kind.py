"""What an action is to the agent: one declaration, of which everything that is done with it is read off."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from agent.actions.case import Case, case_of
from agent.actions.ledger import Ledger
from agent.protocol import Action, NodeState
from agent.readings.reader import StateReading
from agent.run_command import run_checked
from agent.settings import Settings


@dataclass(frozen=True, kw_only=True)
class ActionKind:
    """How one type of action is handled; `actions/kinds.py` lists them all.

    Args:
        of: Its wire type, which has its parameters and their bounds.
        reads: What is read for it, before, at the last instant and after.
        why_not: A sentence where it must not run on the state that is there now.
        run: Acts; `command` makes it of a fixed argv.
        judge: Looks at the state afterwards: True is done, False is not done, None is not to be told.
        tell: Puts the effect in words.
        in_pod: How a pod does it: as a host does, otherwise, or not at all and why.
        program: The field of `commands` that it cannot do without, where an agent may lack that one.
        edits_file: It changes Neumann's file: that is recorded first, tells after a crash what became of it,
            and can be put back. Any other action has no undo.
        needs_second: Whether a second person must have signed for it too.
        looks: How often the effect is looked for, half a second apart.
        lasts: Looks once more after `limits.stays_up_s`, where an effect may be gone again at once.
        has_begun: Where the effect ends this agent too: whether a later one has to see what came of it.
    """

    of: type[Action]
    reads: frozenset[StateReading]
    why_not: Callable[[Case, NodeState], str | None]
    run: Callable[[Case], Awaitable[None]]
    judge: Callable[[Case, NodeState], bool | None]
    tell: Callable[[Case, NodeState], str]
    in_pod: ActionKind | str | None = None
    program: str | None = None
    edits_file: bool = False
    needs_second: Callable[[Case, NodeState], bool] = lambda _case, _now: False
    looks: int = 3
    lasts: Callable[[NodeState, NodeState], bool | None] | None = None
    has_begun: Callable[[Case, NodeState], bool] | None = None

    @property
    def name(self) -> str:
        """Return the word by which it is known on the wire and in the ledger."""
        return str(self.of.__struct_config__.tag)

    def why_not_here(self, settings: Settings) -> str | None:
        """Return why this agent never carries it out, whatever the node's state; `None` where it does."""
        if settings.kubernetes and isinstance(self.in_pod, str):
            return self.in_pod
        if self.program is None:
            return None
        path: Path | None = getattr(settings.commands, self.program)
        if path is None:
            return f"This agent runs no {self.program}: `commands.{self.program}` is not set."
        if not os.access(path, os.X_OK):
            return f"The command {path} (commands.{self.program}) is missing or not executable."
        return None

    async def case(
        self, settings: Settings, ledger: Ledger, action: Action, agreed: NodeState, undoes: str | None
    ) -> Case:
        """Return the case of such an action, or of undoing the one that `undoes` names.

        Raises:
            ConflictError: If the file cannot be read, or the change cannot be undone.
        """
        return await case_of(settings, ledger, action, agreed, undoes, edits_file=self.edits_file)

    def refusal(self, case: Case, now: NodeState) -> str | None:
        """Return why it is not done here and now; `None` where it may be."""
        return self.why_not_here(case.settings) or self.why_not(case, now)


def command(argv: Callable[[Case], tuple[str, ...]], *, within_s: float) -> Callable[[Case], Awaitable[None]]:
    """Return what runs one fixed argv: no shell, and no word but constants, settings and parameters."""

    async def run(case: Case) -> None:
        await run_checked(argv(case), timeout_s=within_s)

    return run
