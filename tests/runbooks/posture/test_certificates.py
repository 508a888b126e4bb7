"""The certificates' line: expired, about to, for another name, not read, not asked for, and without TLS."""

from __future__ import annotations

from datetime import timedelta

import pytest

from runbooks.evidence import Evidence, NodeEvidence
from runbooks.posture.certificates import certificate_lines
from runbooks.posture.model import Line, Severity
from tests.builders import CERTIFICATE, NOON, certificates, evidence, missing, node

THREE = ("node1", "node2", "node3")


def ends(name: str, *, days: float, life_days: float = 365) -> NodeEvidence:
    """A node whose certificate ends in so many days."""
    end = NOON + timedelta(days=days)
    dates = {
        "not_after_s": end.timestamp(),
        "not_before_s": (end - timedelta(days=life_days)).timestamp(),
        "names": (name,),
    }
    return node(name, certificates=certificates(name, CERTIFICATE.model_copy(update=dates)))


def line(read: Evidence) -> Line:
    (found,) = certificate_lines(read)
    return found


@pytest.mark.parametrize(
    ("days", "life_days", "severity", "fact"),
    [
        (60, 365, Severity.FINE, "the first to expire is node2's, on 2027-01-23"),
        (15, 90, Severity.FINE, "the first to expire is node2's, on 2026-12-09"),
        (10, 365, Severity.WARNING, "expires: node2 in 10 days (2026-12-04)"),
        (0.5, 1, Severity.FINE, "the first to expire is node2's, on 2026-11-25"),
        (0.1, 1, Severity.WARNING, "expires: node2 in 2 h 24 min (2026-11-24)"),
        (
            -2,
            365,
            Severity.CRITICAL,
            "node2 serves a certificate that expired on 2026-11-22, 2 days ago (agent:node2)",
        ),
    ],
)
def test_how_long_a_certificate_has_left(
    days: float, life_days: float, severity: Severity, fact: str
) -> None:
    found = line(evidence(node("node1"), ends("node2", days=days, life_days=life_days), node("node3")))
    assert (found.severity, found.fact) == (severity, fact)
    assert found.nodes == (() if severity is Severity.FINE else ("node2",))


def test_one_for_another_name_is_noted() -> None:
    other = CERTIFICATE.model_copy(update={"names": ("db7",)})
    found = line(evidence(node("node1", certificates=certificates("node1", other)), node("node2")))
    assert (found.severity, found.nodes) == (Severity.NOTICE, ("node1",))
    assert "node1 serves a certificate for db7, not for node1" in found.fact


def test_what_an_older_agent_is_not_asked_for_is_not_fine() -> None:
    old = node("node2").model_copy(update={"certificates": None})
    unread = node("node3", certificates=missing("/etc/n.crt cannot be read: Permission denied."))
    found = line(evidence(node("node1"), old, unread))
    assert found.severity is Severity.UNKNOWN
    assert found.fact == (
        "not asked of node2: an older agent there; not read of node3"
        " (node3: /etc/n.crt cannot be read: Permission denied.)"
    )
    assert found.nodes == ("node2", "node3")


def test_without_tls_there_is_nothing_to_expire() -> None:
    found = line(evidence(*(node(name, certificates=certificates(name)) for name in THREE)))
    assert (found.severity, found.fact) == (Severity.FINE, "no node's configuration names TLS")
    mixed = line(evidence(node("node1"), node("node2"), node("node3", certificates=certificates("node3"))))
    assert mixed.fact.endswith("; 1 node without TLS")


def test_a_clock_that_is_off_is_told_in_place_of_the_certificates_that_it_misjudges() -> None:
    found = line(evidence(node("node1"), node("node2"), node("node3", offset_ms=400 * 86_400_000.0)))
    assert (found.severity, found.nodes) == (Severity.CRITICAL, ("node3",))
    assert "node3's clock is 400 days ahead, and for that alone the certificates of" in found.fact
