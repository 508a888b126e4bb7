"""A runbook of text shows and asks; it claims no cause, offers no action and proves nothing."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.all_runbooks import RUNBOOKS, can_prove, of_alert
from runbooks.contract import problems
from runbooks.declared.shown import SHOWN
from runbooks.evidence import Disk
from runbooks.model import Verdict
from tests.any_evidence import any_evidence
from tests.builders import dead, evidence, healthy, known, node
from tests.runbooks.declared.texts import declared, in_use


def test_it_keeps_to_the_contract_of_every_runbook() -> None:
    assert list(problems(declared(show=list(SHOWN)), RUNBOOKS, [evidence(*healthy())])) == []


def test_it_claims_no_cause_and_offers_nothing() -> None:
    said = declared().diagnose(evidence(*healthy()))
    assert [finding.verdict for finding in said.findings] == [Verdict.UNDETERMINED]
    assert said.summary == "The bot cannot judge this alert."
    assert said.offers == ()
    assert not declared().is_recovered(evidence(*healthy())).is_recovered


def test_the_readings_that_it_asks_for_are_said_of_each_node_and_why_one_is_missing() -> None:
    room = Disk(path="/data", free_bytes=5 * 2**30, total_bytes=100 * 2**30)
    said = declared(show=["disk"]).diagnose(evidence(node("node1", disk=known(room)), dead("node2")))
    one, two = said.top.evidence_for
    assert one == "node1: disk: 5.0 of 100.0 GiB free in /data"
    assert two.startswith("node2: disk: ")
    assert declared(show=[]).diagnose(evidence(*healthy())).top.evidence_for == ()


def test_what_was_not_read_is_said_to_be_so_with_the_reason() -> None:
    said = declared(show=["metrics", "log"]).diagnose(evidence(node("node1"), dead("node2")))
    assert "metrics: not read (" in said.top.evidence_for[1]


def test_who_leads_is_said_only_with_a_majority_behind_it() -> None:
    assert declared().diagnose(evidence(*healthy())).can_elect == "yes"
    assert declared().diagnose(evidence(dead("node1"), dead("node2"))).can_elect == "undetermined"


def test_the_clusters_name_stands_wherever_the_file_asks_for_it() -> None:
    given = declared().hand_off(evidence(*healthy()))
    assert given.instructions is not None
    assert given.instructions.text.startswith("The disk of a node of demo is nearly full.")
    assert given.instructions.plots[0].query == 'tensor_chain_disk_free_bytes{cluster="demo"}'
    assert given.instructions.links[0].url.endswith("var-cluster=demo")
    assert [(step.key, step.people) for step in given.steps] == [("step-1", 1), ("step-2", 2)]


def test_an_alert_is_its_own_by_name_and_where_it_asks_for_labels_by_those_too() -> None:
    storage = declared(match={"alerts": ["RootDiskFull"], "labels": {"team": "storage"}})
    with in_use(storage):
        assert of_alert("RootDiskFull", {"team": "storage", "severity": "info"}) is storage
        assert of_alert("RootDiskFull", {"team": "web"}) is None
        assert of_alert("RootDiskFull") is storage
        assert not can_prove("disk-full")


def test_two_may_share_an_alert_only_where_no_alert_can_be_both_of_theirs() -> None:
    storage = declared(match={"alerts": ["RootDiskFull"], "labels": {"team": "storage"}})
    web = declared(name="web-disk", match={"alerts": ["RootDiskFull"], "labels": {"team": "web"}})
    anyone = declared(name="any-disk")
    with in_use(storage):
        assert list(problems(web, RUNBOOKS)) == []
        assert list(problems(anyone, RUNBOOKS)) == ["The alert RootDiskFull belongs to disk-full already."]


@given(st.integers(0, 1_000_000))
def test_no_value_of_any_field_keeps_it_from_showing_every_reading(seed: int) -> None:
    read = any_evidence(Random(seed))
    runbook = declared(show=list(SHOWN))
    assert len(runbook.diagnose(read).top.evidence_for) == len(read.nodes)
    assert runbook.hand_off(read).instructions


def test_it_has_no_plan() -> None:
    with pytest.raises(ValueError, match="has no remedy"):
        declared().plan(declared().diagnose(evidence()).top.remedies[0], evidence())
