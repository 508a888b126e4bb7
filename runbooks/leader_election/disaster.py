"""Draw up the hand-off where a majority may not come back: the runbook's third step, done by people."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from runbooks.evidence import Evidence, NodeEvidence
from runbooks.hand_off import Condition, HandOff, HandOffStep, Standing
from runbooks.leader_election.denials.peer_lists import DOCUMENTED_PORT
from runbooks.leader_election.denials.storage import write_errors
from runbooks.leader_election.facts import Facts
from runbooks.wording import listed

DATA_DIR = "/var/lib/neumann"
"""Where Neumann keeps its data by default (operations/configuration)."""

BROKEN_DISK_ERRNO = 5
"""EIO of Linux: the device fails, and no room that is made helps."""

_RETURNS: dict[Condition, str] = {
    "stopped": "its agent answers: start it, and see in its log why it stopped",
    "hangs": "its process hangs: take a stack trace, then restart it",
    "answers nobody": "look at its console, its power and its network: its disk may be whole",
    "not known": "nothing was read of it: it may run, cut off from everybody",
}


def lost_nodes(facts: Facts) -> tuple[str, ...]:
    """Return the nodes of which nothing says that they can come back, where too few others are left.

    Where nothing at all could be read, it is empty.
    """
    lost = tuple(
        node.node
        for node in facts.evidence.nodes
        if _condition(facts, node) in ("disk gone", "answers nobody", "not known")
    )
    if len(lost) == len(facts.names):
        return ()  # whoever reaches nobody is more likely cut off than alone in the world
    return lost if len(facts.names) - len(lost) < facts.needed else ()


def hand_off(evidence: Evidence) -> HandOff:
    """Return the hand-off for a cluster whose majority may not come back."""
    facts = Facts(evidence)
    standings = tuple(sorted((_standing(facts, node) for node in evidence.nodes), key=_furthest_first))
    return HandOff(
        needed=facts.needed,
        standings=standings,
        losses=tuple(_losses(standings)),
        may_return=tuple(
            f"{each.node}: {_RETURNS[each.condition]}" for each in standings if each.condition in _RETURNS
        ),
        never=_NEVER,
        steps=_steps(facts, standings),
    )


def _condition(facts: Facts, node: NodeEvidence) -> Condition:
    if BROKEN_DISK_ERRNO in write_errors(facts, node.node):
        return "disk gone"
    if facts.up[node.node]:
        return "hangs" if node.node in facts.mute else "runs"
    answers = any(
        reading.value is not None for reading in (node.service, node.clock, node.disk, node.config, node.log)
    )
    if answers:
        return "stopped"
    tried = [result for pair, result in facts.raft_results.items() if pair[1] == node.node]
    return "answers nobody" if tried and "open" not in tried else "not known"


def _standing(facts: Facts, node: NodeEvidence) -> Standing:
    page = node.newest_metrics
    return Standing(
        node=node.node,
        condition=_condition(facts, node),
        term=page.term if page else None,
        commit_index=page.commit_index if page else None,
    )


def _furthest_first(standing: Standing) -> tuple[bool, int, int]:
    # The present term rises on whoever stands in vain, so what is committed counts before it.
    return not standing.log_was_read, -(standing.commit_index or 0), -(standing.term or 0)


def _losses(standings: tuple[Standing, ...]) -> Iterator[str]:
    """Yield what each choice of a node to go on from would lose, as far as the pages show it."""
    read = [each for each in standings if each.log_was_read]
    if not read:
        yield "No node's log could be read, so nobody knows yet what any choice would lose."
        return
    best = read[0]
    yield (
        f"{best.node} has committed furthest of those read: index {best.commit_index}, in term {best.term} "
        "at present."
    )
    for each in read[1:]:
        behind = (best.commit_index or 0) - (each.commit_index or 0)
        # A log may hold what its node does not know yet to be committed.
        entries = "up to 1 committed entry" if behind == 1 else f"up to {behind} committed entries"
        yield (
            f"From {each.node} instead: {entries} would be lost."
            if behind
            else f"{each.node} is as far: nothing known to be committed would be lost from there either."
        )
    if unread := [each.node for each in standings if not each.log_was_read]:
        yield f"{listed(unread)} could not be read, and may hold newer entries than all of these."


_NEVER = (
    "Do not bootstrap twice, nor on two nodes: that makes two clusters of one name.",
    "Do not wipe or restore any node's data until it is copied and the new cluster is verified.",
    "Do not delete a write-ahead log. Do not let a node that was given up come back with its old data.",
    "Do not add members to get a majority: adding one takes a leader.",
)


def _steps(facts: Facts, standings: tuple[Standing, ...]) -> tuple[HandOffStep, ...]:
    left = [each for each in standings if each.condition in ("runs", "stopped", "hangs")]
    names = [each.node for each in left]
    gone = [each.node for each in standings if each.node not in names]
    return (
        HandOffStep(
            key="give-up",
            people=2,
            text=f"{_may_serve(standings, facts.needed)}Decide, two people together, that "
            f"{listed(gone) if gone else 'a majority'} will not come back; until then, bringing nodes back "
            "is better than all that follows.",
        ),
        HandOffStep(
            key="fence",
            text=f"Switch {listed(gone) if gone else 'what is given up'} off, or off the network: nothing "
            "that was given up may come back on its own.",
        ),
        HandOffStep(
            key="collect",
            text=f"Compare the logs of those that are left ({listed(names) if names else 'none is known'}): "
            "the newest has the highest term of the last entry, and among equals the highest index. The "
            "pages show only the present term and what is committed.",
            commands=("neumann raft status",),
        ),
        HandOffStep(
            key="copy",
            text="Stop and copy each of them, before anything else is changed.",
            commands=("systemctl stop neumann", *_copies(facts, names)),
        ),
        HandOffStep(
            key="backup",
            text="Note how old the newest backup is; the bot does not know.",
            commands=("neumann backup status",),
        ),
        *_going_on(_best(left)),
        HandOffStep(
            key="verify",
            text="One leader, one term, and the commit index grows; then check the data.",
            commands=("neumann cluster health --verbose", "neumann-admin verify-checksums"),
        ),
    )


def _may_serve(standings: tuple[Standing, ...], needed: int) -> str:
    """Return the warning that nodes which only this side cannot reach may be a majority that serves."""
    unseen = [each.node for each in standings if each.condition in ("answers nobody", "not known")]
    if len(unseen) < needed:
        return ""
    return (
        f"{listed(unseen)} may run, cut off from here, and serve as the majority: make sure at their "
        "consoles, and from clients, that they do not. "
    )


def _best(left: list[Standing]) -> str | None:
    """Return whose log goes furthest of those left, furthest first; `None` where one of them is not known."""
    return left[0].node if left and all(each.log_was_read for each in left) else None


def _going_on(best: str | None) -> Iterator[HandOffStep]:
    """Yield how one node is chosen and begun anew on; one is named only where all that are left were read."""
    bootstrap = "neumann-admin init-cluster --bootstrap"
    named = f" ({best} by what was read)" if best else ""
    yield HandOffStep(
        key="choose",
        text=f"Choose one node to go on from, after comparing the logs{named}, and write down what is lost.",
    )
    if best is None:
        text = (
            "Begin anew on the chosen node alone, then let empty nodes join it: neumann start --join with "
            f"its host and port {DOCUMENTED_PORT}."
        )
        yield HandOffStep(key="apply", text=text, commands=(bootstrap,))
        return
    yield HandOffStep(
        key="apply",
        text=f"Begin anew on the chosen node alone, then let empty nodes join it; for {best}:",
        commands=(bootstrap, f"neumann start --join {shlex.quote(f'{best}:{DOCUMENTED_PORT}')}"),
    )


def _copies(facts: Facts, left: list[str]) -> Iterator[str]:
    """Yield the command that copies the data; where it lies elsewhere on some node, one for each of them."""
    folders = {name: _data_dir(facts, name) for name in left} or {"": DATA_DIR}
    commands = {
        name: f"cp -a {shlex.quote(folder)} {shlex.quote(f'{folder}.before-recovery')}"
        for name, folder in folders.items()
    }
    if len(set(commands.values())) == 1:
        yield next(iter(commands.values()))
        return
    yield from (f"{command}  # {name}" for name, command in sorted(commands.items()))


def _data_dir(facts: Facts, name: str) -> str:
    disk = facts.by_name[name].disk.value if name in facts.by_name else None
    return disk.path.rstrip("/") if disk and disk.path.strip("/") else DATA_DIR
