"""Write the election timeouts: when that is refused, what it writes, and what the file tells afterwards."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from agent.actions import pod_moves
from agent.actions.case import Case
from agent.actions.kind import ActionKind
from agent.errors import ConfigFileError
from agent.neumann_config.edit import has_single_key, with_election_timeouts
from agent.neumann_config.store import store_of
from agent.protocol import NodeState, SetElectionTimeouts


def changed_file(case: Case) -> bytes:
    """Return the configuration file as the action would leave it.

    Raises:
        ConfigFileError: If it cannot be edited so.
    """
    assert isinstance(case.action, SetElectionTimeouts)  # noqa: S101 (tells the type checker)
    if case.restored is not None:
        return case.restored
    if case.file_bytes is None:
        raise ConfigFileError("The configuration file could not be read.")
    return with_election_timeouts(
        case.file_bytes,
        min_ms=case.action.election_timeout_min_ms,
        max_ms=case.action.election_timeout_max_ms,
    )


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def why_not(case: Case, now: NodeState) -> str | None:
    """Return why these timeouts are not written into the file as it is now."""
    name = store_of(case.settings).name
    if case.file_bytes is None or now.config_sha256 is None:
        return f"{name} could not be read{'' if case.settings.kubernetes else ' as a regular file'}."
    if not _sha256(case.file_bytes) == now.config_sha256 == case.agreed.config_sha256:
        return f"{name} has changed since it was read."
    try:
        changed = changed_file(case)
    except ConfigFileError as error:
        return str(error)
    if case.shown_sha256 is not None and _sha256(changed) != case.shown_sha256:
        return "The edit would not give the file that was shown when it was confirmed; nothing was written."
    return "The file has these timeouts already." if changed == case.file_bytes else None


async def run(case: Case) -> None:
    """Replace the file, if it is still the one that was agreed on."""
    assert case.agreed.config_sha256 is not None  # noqa: S101 (checked by why_not)
    await store_of(case.settings).replace(changed_file(case), expected_sha256=case.agreed.config_sha256)


async def _run_and_mount(case: Case) -> None:
    await run(case)
    await pod_moves.wait_until_mounted(case, _sha256(changed_file(case)))


def judge(case: Case, after: NodeState) -> bool | None:
    """Judge by the file: as it was, as asked, or neither."""
    if after.config_sha256 == case.agreed.config_sha256:
        return False
    try:
        return True if after.config_sha256 == _sha256(changed_file(case)) else None
    except ConfigFileError:
        return None


def tell(case: Case, after: NodeState) -> str:
    """Put the change in words."""
    path = store_of(case.settings).name
    done = judge(case, after)
    if not done:
        return f"{path} is {'neither as it was nor as asked' if done is None else 'as it was'}."
    if case.restored is not None:
        return f"{path} is as it was before that change; it takes effect when the service restarts."
    assert isinstance(case.action, SetElectionTimeouts)  # noqa: S101 (tells the type checker)
    asked = f"{case.action.election_timeout_min_ms} to {case.action.election_timeout_max_ms} ms"
    if has_single_key(changed_file(case)):
        asked = f"{case.action.election_timeout_min_ms} ms (the file's single key has no maximum)"
    return f"{path} now says {asked}; it takes effect when the service restarts."


TIMEOUTS = ActionKind(
    of=SetElectionTimeouts,
    reads=frozenset({"config"}),
    why_not=why_not,
    run=run,
    judge=judge,
    tell=tell,
    edits_file=True,
)
TIMEOUTS = replace(TIMEOUTS, in_pod=replace(TIMEOUTS, run=_run_and_mount))
