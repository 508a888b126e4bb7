"""Rules go by the kind of a failed reading; a document from before there were kinds is judged as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.scenarios import Scenario, generate
from runbooks import leader_election
from runbooks.evidence import Evidence, Metrics, NodeEvidence, Reading
from runbooks.leader_election.causes import RootCause
from runbooks.missing_kind import MissingKind, kind_of_sentence
from tests.builders import NOON, evidence, late, missing, node

TIMEOUTS = (
    "no answer within 2 s",
    "no answer in time",
    "No answer within 2.5 s.",
    "the agent gave no answer within 10 s",
    "the agent gave no answer in time",
    "http://127.0.0.1:9090/metrics did not answer within 2 s.",
)
ERROR_OF_A_HOST = "Server error '500 Internal Server Error' for url 'http://realtime-2:9090/metrics'"
REFUSALS = (
    "connection refused",
    "http://within-1:9090/metrics refused the connection.",
)
OTHERS = (
    "the agent cannot be reached (connection refused)",
    "not asked for",
    "the agent does not take this reading",
    ERROR_OF_A_HOST,
    "the page says: no answer within 2 s",
    "http://node1:9090/metrics answered with status 504 Gateway Time-out.",
)


@pytest.mark.parametrize("sentence", TIMEOUTS)
def test_the_sentences_of_old_documents_that_meant_a_timeout_still_do(sentence: str) -> None:
    assert kind_of_sentence(sentence) is MissingKind.TIMEOUT


@pytest.mark.parametrize("sentence", REFUSALS)
def test_a_refusal_has_a_kind_of_its_own_in_old_documents_too(sentence: str) -> None:
    assert kind_of_sentence(sentence) is MissingKind.REFUSED
    old = {"missing": sentence, "kind": "other", "by": "bot", "at": NOON}
    assert Reading[Any].model_validate(old).kind is MissingKind.REFUSED


@pytest.mark.parametrize("sentence", OTHERS)
def test_a_sentence_that_only_holds_the_word_is_no_timeout(sentence: str) -> None:
    assert kind_of_sentence(sentence) is MissingKind.OTHER


def test_a_node_that_was_still_being_read_is_pending_in_old_documents_too() -> None:
    assert kind_of_sentence("still being read") is MissingKind.PENDING


def test_the_kind_is_written_where_there_is_one_and_read_back() -> None:
    for reading in (
        late(),
        missing("connection refused"),
        Reading[Metrics](value=Metrics(), by="bot", at=NOON),
    ):
        written = json.loads(reading.model_dump_json())
        assert ("kind" in written) == (reading.value is None)
        assert Reading[Any].model_validate(written).kind is reading.kind


def test_a_kind_that_was_set_is_not_read_from_the_sentence() -> None:
    assert missing("no answer within 2 s").kind is MissingKind.OTHER
    assert late("said otherwise").kind is MissingKind.TIMEOUT


def without_kinds(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document as a version from before `kind` wrote it."""

    def old(reading: Any) -> Any:
        return {k: v for k, v in reading.items() if k != "kind"} if isinstance(reading, dict) else reading

    nodes = [{name: old(reading) for name, reading in each.items()} for each in document["nodes"]]
    return {**document, "nodes": nodes}


@pytest.fixture(scope="module")
def failing() -> list[Scenario]:
    """Every scenario of one seed in which a reading's deadline ran out."""
    return [each for each in generate(11) if '"kind": "timeout"' in json.dumps(each.evidence)]


@pytest.mark.process
def test_a_document_is_judged_alike_with_and_without_kinds(failing: list[Scenario]) -> None:
    assert failing
    for scenario in failing:
        old, new = without_kinds(scenario.evidence), scenario.evidence
        read = [Evidence.model_validate(document) for document in (old, new)]
        assert read[0] == read[1], scenario.name
        assert leader_election.diagnose(read[0]) == leader_election.diagnose(read[1]), scenario.name


def mute(name: str, page: Reading[Any]) -> NodeEvidence:
    """A node whose service runs and whose pages fail alike for the bot and for its own agent."""
    local = page.model_copy(update={"by": f"agent:{name}"})
    return node(name, metrics=page, metrics_again=page, health=page, local_metrics=local)


@pytest.mark.parametrize(("page", "hangs"), [(late(), True), (missing(ERROR_OF_A_HOST), False)])
def test_a_host_with_time_in_its_name_does_not_make_an_error_a_hung_process(
    page: Reading[Any], *, hangs: bool
) -> None:
    read = evidence(*(mute(name, page) for name in ("node1", "node2", "node3")))
    found = {finding.cause for finding in leader_election.diagnose(read).findings}
    assert (RootCause.PROCESS_HUNG in found) is hangs
