"""Judge whether a cluster can elect at all, and if not, which causes together keep it from electing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from runbooks.electability import (
    Denial,
    Known,
    blocking_causes,
    can_elect,
    deciding_readings,
    electable,
)
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.denials.clock import clock_denials
from runbooks.leader_election.denials.file import file_denials
from runbooks.leader_election.denials.gossip import gossip_denials, unexplained_gossip
from runbooks.leader_election.denials.handshake import handshake_denials
from runbooks.leader_election.denials.link import link_denials, told_links
from runbooks.leader_election.denials.node import node_denials
from runbooks.leader_election.denials.peer_lists import peer_list_denials
from runbooks.leader_election.denials.storage import storage_denials
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.first_lines import MAX_DECIDING, first_lines
from runbooks.leader_election.lone_words import (
    HEARD_IN_GOSSIP,
    is_one_word,
    one_kind_of_cut,
    pairs_of,
    without_each,
    without_lone_words,
)
from runbooks.model import CanElect, Finding, Verdict
from runbooks.raft import Pair

SIGN_NAMES_IT = frozenset({RootCause.TLS_FAILURE, RootCause.VERSION_MISMATCH, RootCause.DUPLICATE_ID})
"""Causes whose sign names them: a log does not complain of such handshakes where none fail."""

OF_SEVERAL = frozenset(
    {
        RootCause.PROCESS_HUNG,
        RootCause.CRASH_LOOP,
        RootCause.STORAGE_FULL,
        RootCause.TOO_MANY_FILES,
        RootCause.NAMES_UNRESOLVED,
        RootCause.GOSSIP_BLOCKED,
    }
)
"""Causes that strike several nodes at once: of failures of nodes, more than a third come in such bursts (Ford
et al., Availability in Globally Distributed Storage Systems, 2010, section 4)."""

OF_LINKS = frozenset(
    {RootCause.NETWORK_PARTITION, RootCause.ASYMMETRIC_PARTITION, RootCause.NAMES_UNRESOLVED}
)
"""Causes whose every denial is a connect that failed."""

CUTS = frozenset({RootCause.NETWORK_PARTITION, RootCause.ASYMMETRIC_PARTITION})


@dataclass(frozen=True)
class Structure:
    """The votes that are denied in a cluster, and what follows from them."""

    facts: Facts

    @cached_property
    def denials(self) -> tuple[Denial, ...]:
        """Return every denial, those of whole nodes first."""
        facts = self.facts
        nodes = (*node_denials(facts), *storage_denials(facts), *file_denials(facts))
        gone = frozenset(d.node for d in nodes if d.node and d.cause == RootCause.HOST_DOWN)
        links = one_kind_of_cut(tuple(link_denials(facts, gone)))
        peers = tuple(peer_list_denials(facts))
        listed_wrong = frozenset(name for denial in peers for name in denial.nodes)
        others = (*nodes, *peers, *links, *handshake_denials(facts, listed_wrong))
        heard = tuple(denial for denial in others if denial.cause not in HEARD_IN_GOSSIP)
        clocks = tuple(clock_denials(facts, pairs_of(facts.names, heard)))
        others = without_lone_words(facts, others, clocks)
        sure = tuple(denial for denial in (*others, *clocks) if denial.known > Known.MAYBE)
        heard = tuple(denial for denial in sure if denial.cause not in HEARD_IN_GOSSIP)
        return (*others, *clocks, *gossip_denials(facts, pairs_of(facts.names, heard), sure))

    @cached_property
    def unexplained_gossip(self) -> dict[str, int]:
        """Return by node how many peers its gossip holds failed for no reason that was read."""
        known = tuple(d for d in self.denials if d.known > Known.MAYBE and d.cause not in HEARD_IN_GOSSIP)
        return unexplained_gossip(self.facts, pairs_of(self.facts.names, known))

    @cached_property
    def can_elect(self) -> CanElect:
        """Return whether the cluster can elect: yes, no or undetermined."""
        answer = can_elect(self.facts.names, self.denials)
        return "undetermined" if answer is None else "yes" if answer else "no"

    @cached_property
    def hides_a_cause(self) -> bool:
        """Return whether so many nodes were not read whole that nobody could be elected if they were bad."""
        unread = (
            Denial(RootCause.NONE_KNOWN, Known.MAYBE, node=node.node)
            for node in self.facts.evidence.nodes
            if node.newest_metrics is None
            or any(reading.value is None for reading in (node.log, node.config, node.disk))
        )
        return not electable(self.facts.names, (*self.denials, *unread))

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        """Return the causes that keep the cluster from electing, each as sure as its weakest needed reading.

        Confirmed is only what stays so whichever single witness is left out: one may lie, or be broken.
        """
        names = self.facts.names
        sure = tuple(d for d in self.denials if d.known is Known.CORROBORATED)
        corroborated = [blocking_causes(names, left, Known.CORROBORATED) for left in without_each(sure)]
        verdicts = dict.fromkeys(frozenset.intersection(*corroborated), Verdict.CONFIRMED)
        for cause in corroborated[0] | (self._blocking - self._dispensable):
            verdicts.setdefault(cause, Verdict.LIKELY)
        return verdicts or dict.fromkeys(
            blocking_causes(names, self.denials, Known.MAYBE), Verdict.UNDETERMINED
        )

    @cached_property
    def _blocking(self) -> frozenset[str]:
        return blocking_causes(self.facts.names, self.denials, Known.BY_ONE)

    @cached_property
    def _dispensable(self) -> frozenset[str]:
        """Return the causes that one witness alone tells, by one reading, where the rest explains it all."""
        told = tuple(d for d in self.denials if d.known >= Known.BY_ONE)
        alone = {cause for cause in self._blocking if is_one_word(self.of(cause))}
        left = {cause: tuple(d for d in told if d.cause != cause) for cause in alone}
        return frozenset(c for c in alone if blocking_causes(self.facts.names, left[c], Known.BY_ONE))

    def of(self, cause: str) -> tuple[Denial, ...]:
        """Return the denials of a cause that somebody read."""
        return tuple(d for d in self.denials if d.cause == cause and d.known >= Known.BY_ONE)

    @property
    def saw_any(self) -> bool:
        """Return whether anybody read a denial of whatever cause."""
        return any(denial.known >= Known.BY_ONE for denial in self.denials)

    def is_well_seen(self, cause: str) -> bool:
        """Return whether a cause was itself read beyond doubt, and only what else it takes was not read."""
        seen = self.denials_of(cause)
        if cause in SIGN_NAMES_IT:
            return any(denial.by is None for denial in seen)  # both ends log it, so one alone is odd
        certain = any(denial.known is Known.CORROBORATED for denial in seen)
        others = {denial.cause for denial in self.denials if denial.known >= Known.BY_ONE} - {cause}
        return certain and (cause == RootCause.QUORUM_LOSS or (cause in OF_SEVERAL and not others))

    def denials_of(self, cause: str) -> tuple[Denial, ...]:
        """Return every denial of a cause, those that may be among them."""
        return tuple(denial for denial in self.denials if denial.cause == cause)

    def nodes_of(self, cause: str) -> tuple[str, ...]:
        """Return the nodes that a cause concerns, in the cluster's order."""
        return self._in_order(self.of(cause))

    def _in_order(self, denials: tuple[Denial, ...]) -> tuple[str, ...]:
        concerned = {name for denial in denials for name in denial.nodes}
        return tuple(name for name in self.facts.names if name in concerned)

    def findings(self) -> tuple[Finding, ...]:
        """Return a finding per cause that blocks, and a possible one per cause that is seen and does not."""
        seen = dict.fromkeys(denial.cause for denial in self.denials if denial.known >= Known.BY_ONE)
        causes = dict.fromkeys((*self.verdicts, *seen))
        return tuple(self._finding(cause) for cause in causes)

    def _finding(self, cause: str) -> Finding:
        verdict = self.verdicts.get(cause, Verdict.POSSIBLE)
        lacking = dict.fromkeys(denial.lacks for denial in self.of(cause) if denial.lacks)
        seen = self.of(cause) or tuple(denial for denial in self.denials_of(cause) if denial.because)
        undetermined = verdict is Verdict.UNDETERMINED
        deciding = deciding_readings(self.facts.names, self.denials) if undetermined else tuple(lacking)
        against = () if verdict is not Verdict.POSSIBLE else ("a majority could still vote in spite of it",)
        named = self._named(cause)
        if verdict is Verdict.CONFIRMED and len(named) > 1:
            verdict, against = Verdict.LIKELY, ("the ends of a link disagree, so its shape is not certain",)
        return Finding(
            cause=named[0],
            verdict=verdict,
            nodes=self.nodes_of(cause) or self._in_order(seen),
            evidence_for=self.evidence_for(seen),
            evidence_against=against,
            would_decide="; ".join(first_lines(deciding, MAX_DECIDING)) or None,
        )

    def evidence_for(self, denials: tuple[Denial, ...]) -> tuple[str, ...]:
        """Return what speaks for these denials, in few lines: links that fail alike are one."""
        of_links = tuple(denial for denial in denials if denial.cause in OF_LINKS)
        others = (denial.because for denial in denials if denial.cause not in OF_LINKS and denial.because)
        return first_lines((*told_links(self.facts, of_links), *dict.fromkeys(others)))

    def _named(self, cause: str) -> tuple[str, ...]:
        """Return the causes by which a cut may be called, likeliest first.

        A partition of an even cluster into two halves has a name and an advice of its own. Where the ends of
        a link disagree it may be cut or not, and so the shape the one or the other.
        """
        if cause != RootCause.NETWORK_PARTITION or cause not in self.verdicts:
            return (cause,)
        half = len(self.facts.names) / 2
        halved = {
            sorted(map(len, self._blocks(cut))) == [half, half] for cut in (self._cut, self._surely_cut)
        }
        names = {True: RootCause.EVEN_SPLIT, False: cause}
        return tuple(names[even] for even in sorted(halved, reverse=True))

    @cached_property
    def blocks(self) -> tuple[tuple[str, ...], ...]:
        """Return the groups of nodes, running or not, whose links to each other are not known to be cut."""
        return self._blocks(self._cut)

    @cached_property
    def _cut(self) -> frozenset[Pair]:
        return frozenset(
            d.pair for d in self.denials if d.pair and d.cause in CUTS and d.known >= Known.BY_ONE
        )

    @cached_property
    def _surely_cut(self) -> frozenset[Pair]:
        """Return the links that neither end finds open."""
        results = self.facts.raft_results
        return frozenset(
            pair for pair in self._cut if "open" not in (results.get(pair), results.get(pair[::-1]))
        )

    def _blocks(self, cut: frozenset[Pair]) -> tuple[tuple[str, ...], ...]:
        left, blocks = list(self.facts.names), []
        while left:
            block, edge = [left[0]], [left.pop(0)]
            while edge:
                here = edge.pop()
                reached = [name for name in left if (here, name) not in cut]
                left = [name for name in left if name not in reached]
                block += reached
                edge += reached
            blocks.append(tuple(sorted(block, key=self.facts.names.index)))
        return tuple(blocks)
