"""What a change of Neumann's configuration would write, without writing it."""

from __future__ import annotations

from agent.actions.ledger import Ledger
from agent.actions.timeouts import TIMEOUTS, changed_file
from agent.errors import ConfigFileError, ConflictError
from agent.neumann_config.planned_edit import planned_edit
from agent.neumann_config.store import store_of
from agent.protocol import PlannedEdit, PlanRequest
from agent.readings.reader import NodeReader
from agent.settings import Settings


async def plan_edit(
    settings: Settings, reader: NodeReader, ledger: Ledger, request: PlanRequest
) -> PlannedEdit:
    """Return what a change of the configuration would write.

    Raises:
        ConflictError: If it could not be made.
    """
    state = await reader.state(frozenset({"config"}))
    case = await TIMEOUTS.case(settings, ledger, request.action, state, request.undoes)
    store = store_of(settings)
    try:
        if why_not := await store.why_not_editable():
            raise ConfigFileError(why_not)
        return planned_edit(store.name, case.file_bytes or b"", changed_file(case))
    except ConfigFileError as error:
        raise ConflictError("precondition", str(error)) from error
