"""Draw up the hand-off where a majority may not come back: the runbook's third step, done by people."""

from __future__ import annotations

from collections.abc import Iterator

from runbooks.evidence import Evidence, NodeEvidence
from runbooks.hand_off import Condition, HandOff, HandOffStep, Standing
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
        never=_never(standings),
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
    known = standing.commit_index is not None
    return not known, -(standing.commit_index or 0), -(standing.term or 0)


def _losses(standings: tuple[Standing, ...]) -> Iterator[str]:
    """Yield what each choice of a node to go on from would lose, as far as the pages show it."""
    read = [each for each in standings if each.commit_index is not None]
    if not read:
        yield "No node's log could be read, so nobody knows yet what any choice would lose."
        return
    best = read[0]
    yield f"{best.node} has committed furthest of those read: index {best.commit_index}, term {best.term}."
    for each in read[1:]:
        behind = (best.commit_index or 0) - (each.commit_index or 0)
        entries = "1 committed entry" if behind == 1 else f"{behind} committed entries"
        yield (
            f"From {each.node} instead: {entries} would be lost."
            if behind
            else f"{each.node} is as far: nothing committed would be lost from there either."
        )
    if unread := [each.node for each in standings if each.commit_index is None]:
        yield f"{listed(unread)} could not be read, and may hold newer entries than all of these."


def _never(standings: tuple[Standing, ...]) -> tuple[str, ...]:
    best = next((each.node for each in standings if each.commit_index is not None), None)
    newest = f"the data of {best}, the furthest log" if best else "any node's data"
    return (
        "Do not bootstrap twice, nor on two nodes: that makes two clusters of one name.",
        f"Do not wipe or restore {newest}, until it is copied and the new cluster is verified.",
        "Do not delete a write-ahead log. Do not let a node that was given up come back with its old data.",
        "Do not add members to get a majority: adding one takes a leader.",
    )


def _steps(facts: Facts, standings: tuple[Standing, ...]) -> tuple[HandOffStep, ...]:
    left = [each.node for each in standings if each.condition in ("runs", "stopped", "hangs")]
    best = left[0] if left else "NODE"
    gone = [each.node for each in standings if each.node not in left]
    data = _data_dir(facts, best)
    return (
        HandOffStep(
            key="give-up",
            text=f"Decide, two people together, that {listed(gone) if gone else 'a majority'} will not come "
            "back; until then, bringing nodes back is better than all that follows.",
        ),
        HandOffStep(
            key="fence",
            text=f"Switch {listed(gone) if gone else 'what is given up'} off, or off the network, so that it "
            "cannot come back on its own.",
        ),
        HandOffStep(
            key="collect",
            text=f"On each node that is left ({listed(left) if left else 'none is known'}), compare the last "
            "entry's term, then its index; the pages show only the present term.",
            commands=("neumann raft status",),
        ),
        HandOffStep(
            key="copy",
            text="Stop and copy each of them, before anything else is changed.",
            commands=("systemctl stop neumann", f"cp -a {data} {data}.before-recovery"),
        ),
        HandOffStep(
            key="backup",
            text="Note how old the newest backup is; the bot does not know.",
            commands=("neumann backup status",),
        ),
        HandOffStep(
            key="choose",
            text=f"Choose one node to go on from ({best} by what was read), and write down what is lost.",
        ),
        HandOffStep(
            key="apply",
            text=f"Begin anew on {best} alone, then let empty nodes join it.",
            commands=("neumann-admin init-cluster --bootstrap", f"neumann start --join {best}:7878"),
        ),
        HandOffStep(
            key="verify",
            text="One leader, one term, and the commit index grows; then check the data.",
            commands=("neumann cluster health --verbose", "neumann-admin verify-checksums"),
        ),
    )


def _data_dir(facts: Facts, name: str) -> str:
    disk = facts.by_name[name].disk.value if name in facts.by_name else None
    return disk.path.rstrip("/") if disk and disk.path.strip("/") else DATA_DIR
