"""Findings for causes of which nothing was seen: why each is ruled out, or what would have to be read."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from runbooks.clocks import MAX_SKEW_MS, follows_true_time, kept_by
from runbooks.clocks_apart import seen_together, widest_seen
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.denials.clock import is_right
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.first_lines import first_lines
from runbooks.leader_election.sentences import running
from runbooks.leader_election.structure import Structure
from runbooks.model import Finding, Verdict
from runbooks.wording import listed, milliseconds


def not_found(cause: RootCause, facts: Facts, structure: Structure) -> Finding:
    """Return a finding for a cause of which nothing was seen."""
    against, unread = {
        RootCause.QUORUM_LOSS: _processes,
        RootCause.NETWORK_PARTITION: _links,
        RootCause.CLOCK_SKEW: _clocks,
    }[cause](facts, structure)
    return Finding(
        cause=cause,
        verdict=Verdict.UNDETERMINED if unread else Verdict.RULED_OUT,
        evidence_against=against,
        would_decide=unread,
    )


def history_findings(facts: Facts, seen: Collection[str]) -> Iterator[Finding]:
    """Yield a finding that rules out each cause of which only old lines of logs speak."""
    for cause, (event, what) in _OLD_COMPLAINTS.items():
        old = {
            name: log for name in facts.running if (log := facts.log(name)) and not facts.current_log(name)
        }
        told = tuple(
            f"{name}: {what} in its log, the newest {milliseconds((log.silent_s or 0) * 1000)} ago: history"
            for name, log in old.items()
            if log.counts.get(event)
        )
        if told and cause not in seen:
            yield Finding(cause=cause, verdict=Verdict.RULED_OUT, evidence_against=first_lines(told))


_OLD_COMPLAINTS = {
    RootCause.TLS_FAILURE: ("tls_failed", "failed TLS handshakes"),
    RootCause.STORAGE_FULL: ("disk_space_low", "low disk space"),
}


def _processes(facts: Facts, structure: Structure) -> tuple[tuple[str, ...], str | None]:
    tally = f"{running(facts)}, {facts.needed} needed"
    unknown = [name for name in facts.names if facts.up[name] is None]
    open_question = len(facts.running) < facts.needed and unknown and structure.can_elect == "undetermined"
    return (tally,), f"the process state on {listed(unknown)}" if open_question else None


def _links(facts: Facts, structure: Structure) -> tuple[tuple[str, ...], str | None]:
    if facts.raft_results and all(result == "open" for result in facts.raft_results.values()):
        but = ", but for what was tried too late" if _any_left_out(facts) else ""
        against = (f"every connect on the Raft port is open{but} (agents)",)
    else:
        against = ("no link between running nodes is known to be cut",)
    unread = [node.node for node in facts.evidence.nodes if node.connects.value is None]
    return (
        against,
        f"the connects from {listed(unread)}" if structure.can_elect == "undetermined" and unread else None,
    )


def _any_left_out(facts: Facts) -> bool:
    """Return whether a connect failed that does not count, as one of a busy agent."""
    tried = (connect for node in facts.evidence.nodes for connect in node.connects.value or ())
    return any(each.port == "raft" and each.result not in ("open", "unknown") for each in tried)


def _clocks(facts: Facts, structure: Structure) -> tuple[tuple[str, ...], str | None]:
    unread = [name for name in facts.names if name not in facts.clocks]
    unknown = [name for name, clock in facts.clocks.items() if not follows_true_time(clock)]
    wide = [name for name in facts.names if name not in {*unread, *unknown} and not is_right(facts, name)]
    against = tuple(_clock_figures(facts, unknown))
    right = len(facts.names) - len({*unread, *unknown, *wide})
    # Votes are denied between clocks that are apart: together is enough, whatever the true time is.
    right = max(right, len(seen_together(facts.evidence)))
    # Where gossip holds nobody failed, the clocks do no harm, whatever they show.
    if right == len(facts.names) or (right >= facts.needed and not structure.unexplained_gossip):
        return against, None
    if facts.clocks and not unread and _gossip_is_well(facts):
        return (*against, "gossip holds no running peer failed, so they deny no vote"), None
    return against, f"the true time on {listed([*unread, *unknown, *wide])}"


def _clock_figures(facts: Facts, unknown: Collection[str]) -> Iterator[str]:
    """Yield what is known of the clocks, and by whom it was measured."""
    for keeper, names in kept_by(facts.clocks, unknown).items():
        yield f"{keeper} on {listed(names)} follows no source, so the time there is not known"
    read = {name: clock for name, clock in facts.clocks.items() if name not in unknown}
    if read:
        name, clock = max(read.items(), key=lambda item: abs(item[1].offset_ms))
        yield (
            f"the largest offset is {milliseconds(abs(clock.offset_ms))} (±{milliseconds(clock.error_ms)}, "
            f"agent:{name}), the limit {MAX_SKEW_MS:.0f} ms"
        )
    if len(read) < len(facts.names) and (widest := widest_seen(facts.evidence)):
        yield (
            f"the clocks that could be looked at are at most {milliseconds(widest.ms)} apart"
            f" ({widest.whose}), the limit {MAX_SKEW_MS:.0f} ms"
        )


def _gossip_is_well(facts: Facts) -> bool:
    return all(facts.gossip_failed(name) == 0 for name in facts.names)
