"""What one reading says alone, what was not read, and what bears it out."""

from __future__ import annotations

from typing import Any

from runbooks import leader_election
from runbooks.evidence import Evidence
from runbooks.leader_election.causes import RootCause as Cause
from runbooks.model import SURE, Diagnosis
from tests.runbooks.leader_election.sound_cluster import Base, document

LATE, NO_AGENT = "no answer within 2 s", "the agent gave no answer within 10 s"
ALL_FAILED: dict[str, Any] = {"page": {"failed": 2}}


def judged(base: Base, nodes: int = 3, /, **differs: Any) -> Diagnosis:
    """Judge a cluster of which these nodes differ; `every` is all of them, `n1_n2` are two."""
    chosen = {"*" if names == "every" else names.replace("_", ","): each for names, each in differs.items()}
    return leader_election.diagnose(
        Evidence.model_validate(document({"base": base, "nodes": nodes, "differs": chosen}))
    )


def claimed(diagnosis: Diagnosis) -> set[str]:
    return {finding.cause for finding in diagnosis.findings if finding.verdict in SURE}


def test_an_agents_lone_word_about_its_links_is_not_borne_out_by_gossip_that_is_cut_anyway() -> None:
    gossip = {f"n{number}/gossip": "timeout" for number in (1, 2, 3)}
    said = judged("quiet", every={**ALL_FAILED, "connects": gossip}, n2={"connects": {"*": "timeout"}})
    assert claimed(said) == {Cause.GOSSIP_BLOCKED}


def test_gossip_that_holds_another_peer_failed_as_well_bears_out_no_clock() -> None:
    said = judged(
        "quiet",
        5,
        every={"page": {"failed": 2}},
        n2={"page": {"failed": 4}, "clock": {"offset_ms": 9000.0}},
        n3={"page": {"failed": 4}},
        n4_n5={"is": "stopped"},
    )
    assert Cause.CLOCK_SKEW not in claimed(said)
    assert [remedy.name for remedy in said.offers if remedy.name == "clock_sync"] == []


def test_connects_that_fail_here_and_there_may_be_loss_where_nobody_pinged() -> None:
    said = judged(
        "storm",
        every={"pings": "ping could not be run."},
        n1={"connects": {"n2/raft": "timeout", "n3/gossip": "timeout"}},
        n2={"connects": {"n1/gossip": "timeout", "n3/raft": "timeout"}},
        n3={"connects": {"n1/raft": "timeout"}},
    )
    assert (claimed(said), said.can_elect) == (set(), "undetermined")


def test_who_refuses_everybody_does_not_run_because_its_manager_calls_it_active() -> None:
    idle = {"is": "stopped", "service": {"state": "active"}, "local": "the agent does not take this reading"}
    assert judged("quiet", n1=ALL_FAILED, n2_n3=idle).can_elect == "undetermined"


def test_a_refusal_comes_from_a_host_that_lives() -> None:
    refusing = {"is": "dark", "bot": "connection refused"}
    assert Cause.HOST_DOWN not in claimed(judged("quiet", 5, n4_n5=refusing, n3={"is": "stopped"}))


def test_nothing_is_claimed_to_keep_a_leader_away_that_may_be_there_unread() -> None:
    other = {"log": {"counts": {"version_mismatch": 60}, "silent_s": 0.5}}
    unread = {"bot": LATE, "local": "no page"}
    alone = {"page": {"failed": 2}, "again": {"commit_index": 1000}}
    said = judged("led", every=other, n1_n2=unread, n3=alone)
    assert (claimed(said), said.can_elect) == (set(), "undetermined")


def test_one_reading_that_nothing_needs_is_possible() -> None:
    cut = {**ALL_FAILED, "connects": {"*": "timeout"}, "pings": {"*": 0}}
    said = judged("quiet", every=cut, n3={"disk": {"free_bytes": 0}})
    assert claimed(said) == {Cause.NETWORK_PARTITION}


def test_a_full_disk_beside_a_node_that_was_not_read_is_likely_and_whether_it_can_elect_is_open() -> None:
    full = {"disk": {"free_bytes": 0}, "log": {"counts": {"wal_failed": 30, "disk_space_low": 30}}}
    said = judged("quiet", n1=full, n2={"agent": NO_AGENT})
    assert (claimed(said), said.can_elect) == ({Cause.STORAGE_FULL}, "undetermined")


def test_a_port_that_fails_everywhere_is_no_chance_of_agents_that_are_late() -> None:
    gossip = {f"n{number}/gossip": "timeout" for number in (1, 2, 3)}
    written = {"base": "quiet", "nodes": 3, "differs": {"*": {**ALL_FAILED, "connects": gossip}}}
    late = document(written)
    for node in late["nodes"]:
        node["connects"]["took_ms"] = 1400.0
    assert claimed(leader_election.diagnose(Evidence.model_validate(late))) == {Cause.GOSSIP_BLOCKED}


def test_a_tight_timeout_is_likely_over_links_that_were_not_tried_and_that_gossip_holds_well() -> None:
    said = judged("storm", every={"rtt": 180, "connects": "No answer within 2 s."})
    assert (claimed(said), said.can_elect) == ({Cause.AGGRESSIVE_TIMEOUTS}, "undetermined")
    assert said.offers == ()


def test_where_no_page_can_be_read_anybody_may_lead() -> None:
    said = judged("quiet", every={"bot": LATE, "local": "no page"})
    assert said.summary == "No node's metrics page can be read; n1, n2 and n3 may lead."
