"""Certificates as a reading: expired, not yet valid, for another name, misjudged by a clock that is off."""

from __future__ import annotations

import pytest

from runbooks import leader_election
from runbooks.evidence import Certificate, Evidence, NodeEvidence, Reading, WallClock
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.certificates import Certificates, day
from runbooks.model import Finding, Verdict
from tests.builders import NOON, candidates, dead, evidence, missing, node
from tests.runbooks.leader_election.test_handshakes import complaining

DAY = 86_400.0
NOW = NOON.timestamp()
THREE = ("node1", "node2", "node3")


def certificate(
    name: str, *, begins: float = -60, ends: float = 60, origin: str = "served", names: tuple[str, ...] = ()
) -> Certificate:
    """One whose dates are so many days from now."""
    return Certificate.model_validate(
        {
            "origin": origin,
            "subject": f"CN={name}",
            "issuer": "CN=CA",
            "not_before_s": NOW + begins * DAY,
            "not_after_s": NOW + ends * DAY,
            "names": names or (name,),
        }
    )


def shows(name: str, *certificates: Certificate) -> Reading[tuple[Certificate, ...]]:
    return Reading[tuple[Certificate, ...]](value=certificates, by=f"agent:{name}", at=NOON)


def having(read: NodeEvidence, *certificates: Certificate, **more: Reading[object]) -> NodeEvidence:
    """The same node with these certificates, or a good one."""
    shown = certificates or (certificate(read.node),)
    return read.model_copy(update={"certificates": shows(read.node, *shown), **more})


def tls_finding(read: Evidence) -> Finding | None:
    found = leader_election.diagnose(read).findings
    return next((finding for finding in found if finding.cause == RootCause.TLS_FAILURE), None)


def ahead(days: float) -> dict[str, Reading[object]]:
    look = WallClock(ahead_ms=days * DAY * 1000, error_ms=5.0)
    return {"wall_clock": Reading[object](value=look, by="bot", at=NOON)}


def test_expired_everywhere_beside_logs_that_complain_is_confirmed_and_says_the_dates() -> None:
    read = evidence(*(having(complaining(n, 40, gossip_failed=2), certificate(n, ends=-3)) for n in THREE))
    found = tls_finding(read)
    assert found
    assert found.verdict is Verdict.CONFIRMED
    said = " ".join(found.evidence_for)
    assert "node1, node2 and node3 serve certificates that expired on 2026-11-21, 3 days ago" in said
    assert leader_election.diagnose(read).can_elect == "no"


def test_one_that_expired_leaves_the_others_their_handshakes_and_a_stopped_node_its_start() -> None:
    read = evidence(
        having(complaining("node1", 40), certificate("node1", ends=-3)),
        having(complaining("node2", 20)),
        dead("node3"),
    )
    diagnosis = leader_election.diagnose(read)
    assert diagnosis.can_elect == "no"
    assert {offer.nodes for offer in diagnosis.offers} == {("node3",)}
    alive = evidence(
        having(complaining("node1", 40), certificate("node1", ends=-3)),
        having(complaining("node2", 20)),
        having(complaining("node3", 20)),
    )
    assert leader_election.diagnose(alive).can_elect == "yes"


def test_a_file_that_was_renewed_and_not_read_says_that_a_restart_loads_it() -> None:
    renewed = certificate("node1", ends=90, origin="file")
    found = Certificates(
        evidence(having(node("node1"), renewed, certificate("node1", ends=-3)), node("node2"), node("node3"))
    )
    assert found.bad["node1"].so.endswith(
        ", and a restart loads one from its file that is valid until 2027-02-22"
    )


def test_not_yet_valid_to_everybody_is_the_certificate() -> None:
    found = Certificates(evidence(*(having(node(name), certificate(name, begins=4)) for name in THREE)))
    assert {bad.fault for bad in found.bad.values()} == {"not yet valid"}
    assert found.bad["node2"].so == "valid only from 2026-11-28 on, in 4 days"


def test_not_yet_valid_to_one_clock_that_is_behind_is_the_clocks_fault() -> None:
    read = evidence(
        having(complaining("node1", 30, "node3"), certificate("node1", begins=-2)),
        having(complaining("node2", 30, "node3"), certificate("node2", begins=-2)),
        having(complaining("node3", 60, "node1", "node2"), certificate("node3", begins=-2), **ahead(-6)),
    )
    assert not Certificates(read).bad
    found = tls_finding(read)
    assert found
    assert (
        "node3's clock is 6 days behind, and for that alone the certificates of node1 and node2 look"
        " not yet valid to it"
    ) in " ".join(found.evidence_for)
    assert Certificates(read).outdated == {("node1", "node3"), ("node2", "node3")}


def test_a_clock_that_chrony_says_is_ahead_makes_certificates_look_expired() -> None:
    read = evidence(
        having(node("node1"), certificate("node1", ends=1)),
        having(node("node2", offset_ms=3 * DAY * 1000)),
        having(node("node3")),
    )
    assert Certificates(read).misjudged_by == {"node2": {"node1": "expired"}}


@pytest.mark.parametrize("silent_s", [0.4, 90_000.0])
def test_without_a_complaint_an_expired_certificate_counts_only_where_no_log_is_written(
    silent_s: float,
) -> None:
    quiet = (complaining(name, 0, silent_s=silent_s) for name in THREE)
    read = evidence(*(having(each, certificate(each.node, ends=-3)) for each in quiet))
    found = tls_finding(read)
    if silent_s < 60:
        assert found is None
    else:
        assert found
        assert found.verdict is Verdict.LIKELY
        assert found.would_decide
        assert "the log of node1 and node2" in found.would_decide


def test_what_nobody_asked_for_is_neither_good_nor_bad() -> None:
    unasked = (each.model_copy(update={"certificates": None}) for each in candidates())
    assert Certificates(evidence(*unasked)).shown == {}
    unread = having(node("node1")).model_copy(update={"certificates": missing("no TLS handshake")})
    assert Certificates(evidence(unread, node("node2"), node("node3"))).bad == {}


def test_a_certificate_for_another_name_counts_where_a_log_complains_of_names() -> None:
    def read(why: str) -> Evidence:
        return evidence(
            having(complaining("node1", 30, why=why), certificate("node1", names=("db7", "10.0.0.9"))),
            having(complaining("node2", 30, "node1", why=why)),
            having(complaining("node3", 30, "node1", why=why)),
        )

    told, untold = (
        tls_finding(read("invalid peer certificate: NotValidForName")),
        tls_finding(read("Expired")),
    )
    assert told
    assert untold
    said = "node1 serves a certificate for db7 and 10.0.0.9, not for node1 (agent:node1)"
    assert said in told.evidence_for
    assert leader_election.diagnose(read("invalid peer certificate: NotValidForName")).can_elect == "yes"


@pytest.mark.parametrize(
    "names", [("node1.example.net",), ("*.example.net",), ("NODE1",), ("10.0.0.1", "node1")]
)
def test_names_may_be_written_in_every_form(names: tuple[str, ...]) -> None:
    read = evidence(having(node("node1"), certificate("node1", names=names)), having(node("node2")))
    assert Certificates(read).bad == {}


def test_where_no_certificate_names_its_node_names_say_nothing() -> None:
    read = evidence(*(having(node(name), certificate(name, names=("raft.svc",))) for name in THREE))
    assert Certificates(read).bad == {}


def test_a_date_beyond_all_calendars_breaks_nothing() -> None:
    assert day(1e15) == "a day beyond all calendars"
    never = certificate("node1").model_copy(update={"not_before_s": 1e15, "not_after_s": -1e15})
    read = evidence(*(having(complaining(name, 40), never) for name in THREE))
    assert tls_finding(read)
