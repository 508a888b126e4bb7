"""What nodes' certificates are worth to their peers, each of which judges dates by its own clock.

A certificate that most of those who judge it find expired, or not yet valid, is bad. One that only some find
so is good, and their clocks are the cause. The bot, with its own clock, judges as one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from runbooks.clocks import says_time
from runbooks.evidence import Certificate, Evidence, NodeEvidence
from runbooks.leader_election.denials.peer_addresses import entries_of
from runbooks.raft import Pair
from runbooks.wording import MAX_NAMES, listed, milliseconds

Fault = Literal["expired", "not yet valid", "wrong name"]
CertificateOrigin = Literal["served", "file"]
BOT = ""
"""The judge who is no node."""


@dataclass(frozen=True)
class BadCertificate:
    """A certificate that peers refuse for what it says: `so` is how a sentence about it goes on."""

    fault: Fault
    origin: CertificateOrigin
    so: str


def read_certificates(node: NodeEvidence) -> tuple[Certificate, ...] | None:
    """Return a node's certificates, the one that is served first; `None` where they were not read."""
    read = node.certificates.value if node.certificates else None
    return None if read is None else tuple(sorted(read, key=lambda each: each.origin != "served"))


def fault_at(certificate: Certificate, time_s: float) -> Fault | None:
    """Return what is wrong with a certificate's dates at a time in seconds since the epoch."""
    if time_s > certificate.not_after_s:
        return "expired"
    return "not yet valid" if time_s < certificate.not_before_s else None


@dataclass(frozen=True)
class Certificates:
    """The certificates of one evidence with all that follows from them, lazily and once."""

    evidence: Evidence

    @cached_property
    def shown(self) -> dict[str, Certificate]:
        """Return by node what it serves, or else what its file holds, of those that were read."""
        return {node.node: read[0] for node in self.evidence.nodes if (read := read_certificates(node))}

    @cached_property
    def times_s(self) -> dict[str, float]:
        """Return by judge what its clock showed when the reading began, in seconds since the epoch."""
        now_s = self.evidence.started_at.timestamp()
        return {BOT: now_s} | {node.node: now_s + ahead_ms(node) / 1000 for node in self.evidence.nodes}

    @cached_property
    def bad(self) -> dict[str, BadCertificate]:
        """Return by node the certificates that are bad."""
        found = {}
        for node in self.evidence.nodes:
            certificate = self.shown.get(node.node)
            if certificate and self._is_refused_by_most(node.node):
                found[node.node] = self._outdated(node, certificate)
            elif certificate and self._rightly_named and node.node not in self._rightly_named:
                names = listed(certificate.names, MAX_NAMES) if certificate.names else "no name at all"
                so = f"for {names}, not for {node.node}"
                found[node.node] = BadCertificate("wrong name", certificate.origin, so)
        return found

    @cached_property
    def misjudged_by(self) -> dict[str, dict[str, Fault]]:
        """Return by judge the peers whose good certificates its clock alone makes it refuse, and how."""
        found: dict[str, dict[str, Fault]] = {}
        for name in self.shown.keys() - self.bad.keys():
            for judge, fault in self._refusing[name].items():
                if judge != BOT:
                    found.setdefault(judge, {})[name] = fault
        return found

    @cached_property
    def outdated(self) -> frozenset[Pair]:
        """Return the pairs, in the cluster's order, one of whose ends refuses the other's for its dates."""
        dated = [name for name, bad in self.bad.items() if bad.fault != "wrong name"]
        misjudged = {(judge, peer) for judge, peers in self.misjudged_by.items() for peer in peers}
        return self._pairs_with(dated) | self._in_order(misjudged)

    @cached_property
    def misnamed(self) -> frozenset[Pair]:
        """Return the pairs, in the cluster's order, one of whose certificates is for another name."""
        return self._pairs_with([name for name, bad in self.bad.items() if bad.fault == "wrong name"])

    def _pairs_with(self, ends: Iterable[str]) -> frozenset[Pair]:
        names = self.evidence.names
        return self._in_order((end, other) for end in ends for other in names if other != end)

    def _in_order(self, pairs: Iterable[Pair]) -> frozenset[Pair]:
        place = {name: number for number, name in enumerate(self.evidence.names)}
        return frozenset((a, b) if place[a] < place[b] else (b, a) for a, b in pairs)

    def said_of(self, names: Iterable[str]) -> Iterator[str]:
        """Yield what is so of these nodes' certificates and clocks; what is alike shares a line."""
        alike: dict[BadCertificate, list[str]] = {}
        for name in names:
            if name in self.bad:
                alike.setdefault(self.bad[name], []).append(name)
        for bad, nodes in alike.items():
            yield f"{_shown(bad.origin, nodes)} {bad.so} ({_agents(nodes)})"
        yield from (self._blame(judge, peers) for judge, peers in self.misjudged_by.items() if judge in names)

    @cached_property
    def _refusing(self) -> dict[str, dict[str, Fault]]:
        """Return by node who refuses its certificate for its dates, and how it looks to each of them."""
        return {
            name: {
                judge: fault
                for judge, time_s in self.times_s.items()
                if judge != name and (fault := fault_at(certificate, time_s))
            }
            for name, certificate in self.shown.items()
        }

    def _is_refused_by_most(self, name: str) -> bool:
        judges = len(self.times_s) - 1  # itself
        return 2 * len(self._refusing[name]) > judges

    def _outdated(self, node: NodeEvidence, certificate: Certificate) -> BadCertificate:
        judge, fault = next(iter(self._refusing[node.node].items()))
        at_s = self.times_s[judge]
        if fault == "expired":
            ago = milliseconds((at_s - certificate.not_after_s) * 1000)
            so = f"that expired on {day(certificate.not_after_s)}, {ago} ago"
        else:
            ahead = milliseconds((certificate.not_before_s - at_s) * 1000)
            so = f"valid only from {day(certificate.not_before_s)} on, in {ahead}"
        others = (read_certificates(node) or ())[1:]
        if good := [each for each in others if fault_at(each, at_s) is None]:
            so += f", and a restart loads one from its file that is valid until {day(good[0].not_after_s)}"
        return BadCertificate(fault, certificate.origin, so)

    def _blame(self, judge: str, peers: dict[str, Fault]) -> str:
        off_ms = (self.times_s[judge] - self.times_s[BOT]) * 1000
        off = f"{milliseconds(abs(off_ms))} {'ahead' if off_ms > 0 else 'behind'}"
        names = tuple(name for name in self.evidence.names if name in peers)
        looks = f"{'looks' if len(names) == 1 else 'look'} {' or '.join(sorted(set(peers.values())))}"
        whose = f"certificate{'' if len(names) == 1 else 's'} of {listed(names, MAX_NAMES)}"
        return f"{judge}'s clock is {off}, and for that alone the {whose} {looks} to it"

    @cached_property
    def _rightly_named(self) -> frozenset[str]:
        """Return the nodes whose certificate is for a name by which peers know them.

        Where there is none, the names are of another form than is known here, and say nothing.
        """
        known = {name: {name.lower()} for name in self.evidence.names}
        for entries in entries_of(self.evidence).values():
            for entry in entries:
                if entry.member in known:
                    known[entry.member].add(entry.host.lower())
        return frozenset(
            name
            for name, certificate in self.shown.items()
            if any(_fits(each.lower(), known[name]) for each in certificate.names)
        )


def ahead_ms(node: NodeEvidence) -> float:
    """Return by how much a node's clock is ahead: by the bot's own look, or else by what chrony says."""
    if node.wall_clock and node.wall_clock.value:
        return node.wall_clock.value.ahead_ms
    return node.clock.value.offset_ms if node.clock.value and says_time(node.clock.value) else 0.0


def day(time_s: float) -> str:
    """Return a date of a certificate, which may say one that no calendar holds."""
    try:
        return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d}"
    except (OverflowError, OSError, ValueError):
        return "a day beyond all calendars"


def _shown(origin: CertificateOrigin, nodes: list[str]) -> str:
    names, one = listed(nodes, MAX_NAMES), len(nodes) == 1
    if origin == "served":
        return f"{names} serves a certificate" if one else f"{names} serve certificates"
    return f"the file of {names} holds a certificate" if one else f"the files of {names} hold certificates"


def _agents(nodes: list[str]) -> str:
    return f"agent:{nodes[0]}" if len(nodes) == 1 else "their agents"


def _fits(pattern: str, names: set[str]) -> bool:
    """Return whether a name of a certificate is one of a node's: in full, before its domain, or by a `*`."""
    first, _, domain = pattern.partition(".")
    if pattern in names or first in names:
        return True
    return first == "*" and any(name.partition(".")[2] in (domain, "") for name in names)
