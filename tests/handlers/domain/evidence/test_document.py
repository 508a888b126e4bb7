"""A stored evidence document: read back it is what was read, and what is none is said in one sentence."""

from __future__ import annotations

import json

import pytest

from handlers.domain.evidence.document import UnreadableEvidence, as_json, changes, parse
from handlers.errors import BotError
from runbooks import leader_election
from runbooks.leader_election.causes import RootCause
from runbooks.model import Diagnosis, Verdict
from tests.builders import dead, evidence, node, silent

LOSS = evidence(node("node1"), dead("node2"), dead("node3"))


def test_a_document_read_back_is_the_evidence_that_was_written():
    for read in (LOSS, evidence(), evidence(*(silent(name) for name in ("node1", "node2", "node3")))):
        assert parse(read.model_dump_json().encode(), "kept.json") == read


def test_the_sentence_names_the_document_and_the_place():
    document = json.loads(LOSS.model_dump_json())
    document["nodes"][1]["clock"]["by"] = 7
    with pytest.raises(UnreadableEvidence) as told:
        parse(json.dumps(document).encode(), "kept.json")
    said = "kept.json is not a valid evidence document: nodes.1.clock.by is not text."
    assert str(told.value) == said
    assert "\n" not in str(told.value)
    assert isinstance(told.value, BotError), "so the command line ends with this sentence and exit code 2"


@pytest.mark.parametrize("version", [None, 0, 2, "1", [1]])
def test_a_document_of_another_version_is_not_guessed_at(version: object):
    document = {**json.loads(LOSS.model_dump_json()), "schema_version": version}
    with pytest.raises(UnreadableEvidence, match="this bot reads version 1"):
        parse(json.dumps(document).encode(), "kept.json")


def test_a_document_of_a_newer_version_is_called_newer_by_its_number_or_by_what_it_holds():
    document = json.loads(LOSS.model_dump_json())
    with_field = {**document, "colour": "red"}
    with_word = json.loads(LOSS.model_dump_json())
    with_word["nodes"][1]["metrics"]["kind"] = "shy"
    for newer in ({**document, "schema_version": 2}, with_field, with_word):
        with pytest.raises(UnreadableEvidence, match="newer"):
            parse(json.dumps(newer).encode(), "kept.json")


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        (("node1", "node1", "node3"), "two nodes are called node1"),
        (("node1", " ", "node3"), "no name"),
        ((), "no nodes"),
    ],
)
def test_nodes_that_cannot_be_told_apart_are_refused(names: tuple[str, ...], wrong: str):
    document = json.loads(LOSS.model_dump_json())
    document["nodes"] = [{**node, "node": name} for node, name in zip(document["nodes"], names, strict=False)]
    with pytest.raises(UnreadableEvidence, match=wrong):
        parse(json.dumps(document).encode(), "kept.json")


def test_the_json_holds_the_diagnosis_and_nothing_that_json_cannot_hold():
    diagnosis = leader_election.diagnose(LOSS)
    answer = as_json(diagnosis)
    assert json.loads(json.dumps(answer)) == answer
    assert [finding["cause"] for finding in answer["findings"]] == [f.cause for f in diagnosis.findings]
    assert answer["findings"][0]["evidence_for"] == list(diagnosis.top.evidence_for)
    assert as_json(leader_election.diagnose(evidence()))["leader"] == "node1"


def with_top(diagnosis: Diagnosis, **changed: object) -> Diagnosis:
    top = diagnosis.top.model_copy(update=changed)
    return diagnosis.model_copy(update={"findings": (top, *diagnosis.findings[1:])})


def test_only_what_a_reader_would_act_on_counts_as_a_change():
    today = leader_election.diagnose(LOSS)
    assert changes(today, today) == ()
    assert changes(with_top(today, evidence_for=("other words",)), today) == ()
    assert changes(with_top(today, remedies=()), today) == (
        "quorum_loss: confirmed then, confirmed offering start_nodes now",
    )
    assert changes(with_top(today, verdict=Verdict.LIKELY), today) == (
        "quorum_loss: likely offering start_nodes then, confirmed offering start_nodes now",
    )
    assert changes(today.model_copy(update={"can_elect": "yes"}), today) == ("can elect: yes then, no now",)


def test_a_cause_that_only_one_of_them_judged_is_named():
    today = leader_election.diagnose(LOSS)
    other = with_top(today, cause=RootCause.HOST_DOWN)
    assert changes(other, today) == (
        "host_down: confirmed offering start_nodes then, not judged now",
        "quorum_loss: not judged then, confirmed offering start_nodes now",
    )
