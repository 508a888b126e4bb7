"""Look for a leader: with one the alert is stale or the monitoring blind, unless there are two."""

from __future__ import annotations

from itertools import permutations

from runbooks import raft
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.facts import Facts
from runbooks.model import Finding, Verdict
from runbooks.raft import is_page_refused, is_refused_by_all
from runbooks.wording import listed

LULL_ELECTIONS = 6
"""Elections in the log window, of all nodes together, from which on a quiet moment proves little."""


def steady_leader(facts: Facts) -> str | None:
    """Return the node that led the same term in both samples, acknowledged by a majority.

    The links must not contradict it: an isolated leader goes on to claim that it leads for a while.
    """
    first, last = facts.first_leadership, facts.leadership
    if last.leader is None or not last.majority or (first.leader, first.term) != (last.leader, last.term):
        return None
    if sum(commits(facts, name) for name in last.acknowledged_by) >= facts.needed:
        return last.leader  # what a majority commits, a leader has sent them: whatever agents say of links
    best_case = raft.quorum_connected(
        facts.names,
        {name: state is not False for name, state in facts.up.items()},
        {pair: facts.raft_results.get(pair, "open") == "open" for pair in permutations(facts.names, 2)},
    )
    return last.leader if last.leader in best_case else None


def leader_finding(facts: Facts) -> Finding | None:
    """Return the finding of two leaders, or of one that monitoring sees or misses; `None` without any."""
    two = _two_leaders(facts)
    if two:
        return two
    leader = steady_leader(facts)
    if leader is None:
        return _unnamed_leader(facts)
    lead, node = facts.leadership, facts.node(leader)
    blind = not (node.metrics.value or node.metrics_again.value or node.health.value)
    once = not blind and not facts.was_read_twice(leader)
    if once and (facts.log_elections_per_min or 0) >= LULL_ELECTIONS:
        return None  # one look at a leader among many elections: it may be gone by now
    seen = (
        f"{leader} leads term {lead.term} in the one reading there is"
        if once
        else f"{leader} led term {lead.term} in both readings"
        if not blind
        else f"{leader} leads term {lead.term} by its page as read on the node ({node.local_metrics.by})"
    )
    signs = [
        seen,
        f"{len(lead.acknowledged_by)} of {len(facts.names)} nodes are in that term, {facts.needed} needed",
    ]
    if blind:
        signs.append(f"its metrics over the network: {node.metrics.missing} (bot)")
    idle = sum(commits(facts, name) for name in facts.names) < facts.needed
    doubts = _doubts(facts, leader, idle=idle)
    if once:
        doubts.append("its page was read once, so it is not known to last")
    return Finding(
        cause=RootCause.MONITORING_BLIND if blind else RootCause.ALERT_STALE,
        verdict=Verdict.LIKELY if doubts else Verdict.CONFIRMED,
        nodes=(leader,),
        evidence_for=tuple(signs),
        evidence_against=tuple(doubts),
        would_decide="whether a write is committed" if idle else None,
    )


def _doubts(facts: Facts, leader: str, *, idle: bool) -> list[str]:
    """Return what speaks against a leader that both readings show."""
    doubts = []
    if idle:
        doubts.append("no majority committed anything between the readings: idle, or stuck, or not read")
    called = sum(facts.logged(name, "election_started") for name in facts.names)
    if called >= LULL_ELECTIONS:
        window = f"the last {facts.log_window_s:.0f} s of the nodes' logs"
        doubts.append(f"{called} elections in {window}: this may be a lull between two")
    elif facts.storm:
        doubts.append("elections follow each other all the same")
    if ahead := in_higher_term(facts, leader):
        doubts.append(f"{listed(ahead)} is in a higher term, and unseats {leader} once they meet")
    if rivals := [name for name in facts.leadership.claimed_by if name != leader]:
        doubts.append(f"{listed(rivals)} claims to lead too")
    if unread := may_lead(facts):
        doubts.append(f"{listed(unread)} could not be read, and may claim to lead too")
    return doubts


def in_higher_term(facts: Facts, leader: str) -> tuple[str, ...]:
    """Return the running nodes whose last page shows a higher term than the leader's: they stand."""
    led = facts.leadership.term
    terms = {name: m.term for name in facts.running if name != leader and (m := facts.metrics(name))}
    return tuple(name for name, term in terms.items() if led is not None and term is not None and term > led)


def may_lead(facts: Facts) -> tuple[str, ...]:
    """Return the nodes whose metrics could not be read and that nothing shows to be away: any may lead."""
    return tuple(
        name
        for name in facts.names
        if facts.metrics(name) is None
        and facts.up[name] is not False
        and name not in facts.mute
        and not _refuses(facts, name)
    )


def _refuses(facts: Facts, name: str) -> bool:
    """Return whether a node refuses its own host, or the bot and every peer: it leads nobody."""
    node = facts.node(name)
    results = [result for pair, result in facts.raft_results.items() if pair[1] == name]
    return is_page_refused(node) or is_refused_by_all(node, results)


def _unnamed_leader(facts: Facts) -> Finding | None:
    """Return a finding where entries are committed and no node shows a leader: somebody leads, unseen."""
    advancing = _advancing(facts)
    # A follower learns of a commit from a leader alone. Of two nodes, one that stands still may be cut off.
    read = [name for name in facts.running if facts.was_read_twice(name) and facts.metrics(name)]
    if not advancing or (len(advancing) < facts.needed and len(advancing) < len(read)):
        return None
    if facts.leadership.claimed_by:
        return None
    roles_known = all(m.role for name in advancing if (m := facts.metrics(name)))
    unread = may_lead(facts)
    blind = roles_known and bool(unread)
    return Finding(
        cause=RootCause.MONITORING_BLIND if blind else RootCause.ALERT_STALE,
        verdict=Verdict.LIKELY,
        nodes=unread if blind else (),
        evidence_for=(
            f"entries were committed on {listed(advancing)} between two readings, which takes a leader (bot)",
        ),
        would_decide="the role on each node's metrics page",
    )


def leads_a_majority(facts: Facts) -> bool:
    """Return whether a majority acknowledges a leader, or commits entries without one in sight."""
    return facts.leadership.majority or len(_advancing(facts)) >= facts.needed


def _advancing(facts: Facts) -> tuple[str, ...]:
    """Return the nodes that committed something between the samples, in one term for all of them."""
    return tuple(name for name in facts.names if commits(facts, name) and _term_stands(facts, name))


def _term_stands(facts: Facts, name: str) -> bool:
    before, after = facts.node(name).metrics.value, facts.node(name).metrics_again.value
    terms = {m.term for other in facts.names if commits(facts, other) and (m := facts.metrics(other))}
    return before is not None and after is not None and before.term == after.term and len(terms) == 1


def commits(facts: Facts, name: str) -> bool:
    """Return whether a node's commit index moved between the samples."""
    before, after = facts.node(name).metrics.value, facts.node(name).metrics_again.value
    if not before or not after or before.commit_index is None or after.commit_index is None:
        return False
    return after.commit_index > before.commit_index


def _two_leaders(facts: Facts) -> Finding | None:
    """Return a finding of two that claim to lead throughout.

    The stale one is in a lower term and commits nothing: a node that claims more is not believed alone.
    """
    claimed = facts.leadership.claimed_by
    if len(claimed) < 2 or set(claimed) != set(facts.first_leadership.claimed_by):
        return None
    newest = facts.leadership.leader
    stale = [name for name in claimed if name != newest]
    if newest is None or not all(_is_stale(facts, name) for name in stale):
        return None
    terms = [
        f"{name} claims to lead term {m.term} in both readings"
        for name in claimed
        if (m := facts.metrics(name))
    ]
    return Finding(
        cause=RootCause.TWO_LEADERS,
        verdict=Verdict.CONFIRMED,
        nodes=claimed,
        evidence_for=(*terms, f"stale, since it is in the lower term and commits nothing: {listed(stale)}"),
    )


def _is_stale(facts: Facts, name: str) -> bool:
    mine, newest = facts.metrics(name), facts.leadership.term
    lower = mine is not None and mine.term is not None and newest is not None and mine.term < newest
    return lower and not commits(facts, name)
