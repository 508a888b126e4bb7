"""Certificates of the Raft ports: whether they are valid, for how long still, and for whom."""

from __future__ import annotations

from collections.abc import Iterator

from runbooks.evidence import Certificate, Evidence
from runbooks.leader_election.certificates import BOT, Certificates, day, read_certificates
from runbooks.posture.model import Check, Line, Severity
from runbooks.wording import MAX_NAMES, counted, listed, milliseconds

DAY_S = 86_400.0
WARNED_S = 14 * DAY_S
WARNED_SHARE = 0.2
"""Of a certificate's life: one that lives for a day is renewed within hours, and not always about to end."""

RENEW = "renew it and restart one node at a time: a handshake fails at the next restart or reconnect"


def certificate_lines(evidence: Evidence) -> Iterator[Line]:
    """Yield the one line on the certificates; what was not read, or not asked for, is not known."""
    found = Certificates(evidence)
    unread = tuple(node.node for node in evidence.nodes if read_certificates(node) is None)
    dated = {name: bad for name, bad in found.bad.items() if bad.fault != "wrong name"}
    now_s = found.times_s[BOT]
    left_s = {name: each.not_after_s - now_s for name, each in found.shown.items()}
    soon = [name for name in sorted(left_s, key=lambda name: left_s[name]) if _ends_soon(found, name, left_s)]
    if dated:
        fact = "; ".join(found.said_of(dated))
        yield _line(Severity.CRITICAL, fact, RENEW, tuple(dated))
    elif found.misjudged_by:
        judges = tuple(name for name in evidence.names if name in found.misjudged_by)
        fact = "; ".join(found.said_of(judges))
        yield _line(Severity.CRITICAL, fact, "set that clock right: the certificates are good", judges)
    elif soon:
        said = [
            f"{name} in {milliseconds(left_s[name] * 1000)} ({day(found.shown[name].not_after_s)})"
            for name in soon
        ]
        yield _line(Severity.WARNING, f"expires: {listed(said, MAX_NAMES)}", RENEW, tuple(soon))
    elif unread:
        yield _line(Severity.UNKNOWN, _unread(evidence, unread), "see Agents", unread)
    elif found.bad:
        fact = "; ".join(found.said_of(found.bad))
        yield _line(Severity.NOTICE, fact, "peers that check names refuse it", tuple(found.bad))
    else:
        yield _line(Severity.FINE, _fine(evidence, found))


def _ends_soon(found: Certificates, name: str, left_s: dict[str, float]) -> bool:
    return left_s[name] < min(WARNED_S, WARNED_SHARE * _life_s(found.shown[name]))


def _life_s(certificate: Certificate) -> float:
    return certificate.not_after_s - certificate.not_before_s


def _unread(evidence: Evidence, unread: tuple[str, ...]) -> str:
    asked = {name: evidence.node(name).certificates for name in unread}
    older = tuple(name for name, reading in asked.items() if reading is None)
    failed = {name: reading for name, reading in asked.items() if reading}
    said = [f"not asked of {listed(older, MAX_NAMES)}: an older agent there"] if older else []
    if failed:
        name, reading = next(iter(failed.items()))
        said.append(f"not read of {listed(tuple(failed), MAX_NAMES)} ({name}: {reading.missing})")
    return "; ".join(said)


def _fine(evidence: Evidence, found: Certificates) -> str:
    without = len(evidence.nodes) - len(found.shown)
    if not found.shown:
        return "no node's configuration names TLS"
    first = min(found.shown, key=lambda name: found.shown[name].not_after_s)
    rest = f"; {counted(without, 'node')} without TLS" if without else ""
    return f"the first to expire is {first}'s, on {day(found.shown[first].not_after_s)}{rest}"


def _line(severity: Severity, fact: str, advice: str = "", nodes: tuple[str, ...] = ()) -> Line:
    return Line(check=Check.CERTIFICATES, severity=severity, fact=fact, advice=advice, nodes=nodes)
