"""Check a node after it was acted on: what its actions should have changed, and that nothing is worse."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from runbooks import raft
from runbooks.clocks import MAX_SKEW_MS, believed_clocks
from runbooks.evidence import Evidence, NodeEvidence, Role
from runbooks.model import Leadership
from runbooks.planning.quorum_gate import CAUGHT_UP_ENTRIES
from runbooks.plans import Action
from runbooks.raft import Pair


def complaints(
    before: Evidence, after: Evidence, actions: tuple[Action, ...], *, leader_wanted: bool
) -> tuple[str, ...]:
    """Return a sentence for each thing that is not as these actions on one node should have left it.

    Args:
        before: The evidence that the plan was drawn up on.
        after: Evidence read after the actions.
        actions: What was done to the node, in order.
        leader_wanted: Whether the cluster must have one leader by now.
    """
    node = actions[-1].node
    found = [*_process(after.node(node)), *_in_effect(before.node(node), after.node(node), actions)]
    if any(action.type == "clock_sync" for action in actions):
        found += _clock(after, node)
    found += [*_links(before, after), *_votes(before, after)]
    if leader_wanted:
        # Who was away lacks what was committed meanwhile: a start is no worse for that.
        started = {action.node for action in actions if action.type == "start_service"}
        found += _leader(after, may_lag=started)
    return tuple(found)


def _process(node: NodeEvidence) -> Iterator[str]:
    if node.newest_metrics is None:
        yield f"{node.node} does not answer: {node.metrics_again.missing or node.metrics.missing}"


def _in_effect(before: NodeEvidence, after: NodeEvidence, actions: tuple[Action, ...]) -> Iterator[str]:
    for action in actions:
        match action.type:
            case "set_election_timeouts":
                yield from _timeouts(after, action)
            case "restart_service":
                yield from _restarted(before, after)
            case "start_service":
                if after.service.value is None or after.service.value.state != "active":
                    yield f"the service on {after.node} is not known to be active"
            case "transfer_leadership":
                if after.newest_metrics and after.newest_metrics.role is Role.LEADER:
                    yield f"{after.node} leads again, so the leadership was not handed on"
            case "clock_sync" | "undo_election_timeouts":
                pass  # all clocks tell of each; and the agent compared the file's bytes with those of before


def _clock(after: Evidence, name: str) -> Iterator[str]:
    read, clock = after.node(name).clock, believed_clocks(after).get(name)
    if read.value is None:
        yield f"the clock of {name} could not be read: {read.missing}"
    elif clock is None:
        yield f"nothing but chrony's own word says that the clock of {name} is right, and that word is old"
    elif abs(clock.offset_ms) + clock.error_ms > MAX_SKEW_MS:
        seen = f"the clock of {name} is still {clock.offset_ms:+.0f} ms off"
        yield seen if clock == read.value else f"{seen} (±{clock.error_ms:.0f} ms), as the bot sees it"


def _timeouts(node: NodeEvidence, action: Action) -> Iterator[str]:
    config = node.config.value
    if config is None:
        yield f"the configuration of {node.node} could not be read: {node.config.missing}"
    elif config.election_timeout_min_ms != action.election_timeout_min_ms:
        yield f"the election timeout of {node.node} reads {config.election_timeout_min_ms} ms"


def _restarted(before: NodeEvidence, after: NodeEvidence) -> Iterator[str]:
    old, new = before.service.value, after.service.value
    if new is None or new.state != "active":
        yield f"the service on {after.node} is not known to be active"
    elif old is not None and old.pid is not None and old.pid == new.pid:
        yield f"the service on {after.node} is still process {new.pid}, so the new values are not in force"
    elif old is not None and old.pod and new.pod and old.pod.uid == new.pod.uid:
        yield f"the pod {new.pod.name} is still the one of before, so the new values are not in force"


def _links(before: Evidence, after: Evidence) -> Iterator[str]:
    was = raft.links(before, "raft")
    for (one, other), is_open in raft.links(after, "raft").items():
        if was[one, other] is True and is_open is not True:
            yield f"{one} → {other} was open, and is {'cut' if is_open is False else 'not read'} now"


def _votes(before: Evidence, after: Evidence) -> Iterator[str]:
    had, has = _connected(before), _connected(after)
    if had and not has:
        yield "no node reaches a majority two ways any more"


def _connected(evidence: Evidence) -> tuple[str, ...]:
    up = {name: state is True for name, state in raft.processes(evidence).items()}
    links: dict[Pair, bool] = {pair: link is True for pair, link in raft.links(evidence, "raft").items()}
    return raft.quorum_connected(evidence.names, up, links)


def _leader(after: Evidence, may_lag: Collection[str]) -> Iterator[str]:
    first = raft.leadership({node.node: node.metrics.value for node in after.nodes})
    last = leadership(after)
    if last.leader is None or not last.majority:
        yield "no leader with a majority"
        return
    if last.term != last.highest_term:
        yield f"{last.leader} leads term {last.term}, and a node is in term {last.highest_term} already"
    if (first.leader, first.term) != (last.leader, last.term):
        yield f"{last.leader} did not lead term {last.term} through both readings"
    for name in last.acknowledged_by:
        if name in may_lag:
            continue
        sample = after.node(name).newest_metrics
        if sample and last.commit_index is not None and sample.commit_index is not None:
            behind = last.commit_index - sample.commit_index
            if behind > CAUGHT_UP_ENTRIES:
                yield f"{name} is {behind} entries behind {last.leader}"


def leads_steadily(evidence: Evidence) -> bool:
    """Return whether one leader led one term through both readings, and not for a moment."""
    first = raft.leadership({node.node: node.metrics.value for node in evidence.nodes})
    last = leadership(evidence)
    return last.leader is not None and (first.leader, first.term) == (last.leader, last.term)


def leadership(evidence: Evidence) -> Leadership:
    """Return who leads, by the newest samples."""
    return raft.leadership({node.node: node.newest_metrics for node in evidence.nodes})
