"""What an agent answers becomes evidence, and what it could not read keeps the reason and its kind."""

from __future__ import annotations

import pytest

from agent.protocol import Config, MetricsPage, Observation, Ping, Read
from bot.nodes.agent_evidence import NotObserved, Observed, from_agent, still_reading
from runbooks.evidence import Metrics, Reading
from runbooks.missing_kind import MissingKind
from tests.builders import NOON


def local_metrics(read: Read[MetricsPage] | None) -> Reading[Metrics]:
    observation = Observation(cluster="demo", node="node1", boot_id="b", boottime_s=900.0, metrics=read)
    return from_agent("node1", Observed(observation, at=NOON))["local_metrics"]


def test_a_page_is_parsed_as_if_it_had_been_read_over_the_network() -> None:
    page = MetricsPage(content_type="text/plain", text="tensor_chain_term 43\n")
    reading = local_metrics(Read(value=page, took_ms=3.0))
    assert reading.value == Metrics(term=43)
    assert (reading.kind, reading.by, reading.at, reading.took_ms) == (None, "agent:node1", NOON, 3.0)


@pytest.mark.parametrize(("sent", "received"), [(3, 4), (3, -1), (-3, -3)])
def test_counts_that_cannot_be_are_no_reading(sent: int, received: int) -> None:
    pings: Read[tuple[Ping, ...]] = Read(value=(Ping(peer="node2", sent=sent, received=received),))
    observation = Observation(cluster="demo", node="node1", boot_id="b", boottime_s=900.0, pings=pings)
    read = from_agent("node1", Observed(observation, at=NOON))["pings"]
    assert (read.value, read.missing) == (None, "the agent says that more pings came back than were sent")


def test_a_file_keeps_why_the_agent_could_not_change_it() -> None:
    config = Config(path="/etc/neumann.toml", sha256="ab" * 32, why_not_editable="The key stands twice.")
    observation = Observation(
        cluster="demo", node="node1", boot_id="b", boottime_s=900.0, config=Read(value=config)
    )
    read = from_agent("node1", Observed(observation, at=NOON))["config"].value
    assert read is not None
    assert read.why_not_editable == "The key stands twice."


OLD_SENTENCE = "http://127.0.0.1:9090/metrics did not answer within 2 s."
OTHER_PAGE = MetricsPage(content_type="text/html", text="")


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (Read(missing="in whatever words", timed_out=True), MissingKind.TIMEOUT),
        (Read(missing="in whatever words", refused=True), MissingKind.REFUSED),
        (Read(missing="in whatever words", not_permitted=True), MissingKind.NOT_PERMITTED),
        (Read(missing="http://realtime-2:9090/metrics refused the connection."), MissingKind.REFUSED),
        (Read(missing=OLD_SENTENCE), MissingKind.TIMEOUT),
        (Read(value=OTHER_PAGE), MissingKind.OTHER),
        (None, MissingKind.OTHER),
    ],
    ids=[
        "timed out",
        "refused",
        "not permitted",
        "an agent from before refused",
        "an agent from before timed_out",
        "another page",
        "not taken",
    ],
)
def test_a_page_that_could_not_be_read_has_a_kind(read: Read[MetricsPage] | None, kind: MissingKind) -> None:
    reading = local_metrics(read)
    assert reading.value is None
    assert reading.missing
    assert reading.kind is kind


def test_an_agent_that_gave_no_answer_gives_its_reason_to_every_reading() -> None:
    readings = from_agent("node1", NotObserved("the agent is away", MissingKind.TIMEOUT, at=NOON))
    assert {(each.missing, each.kind) for each in readings.values()} == {
        ("the agent is away", MissingKind.TIMEOUT)
    }
    assert len(readings) == 11


def test_a_node_of_which_nothing_has_come_is_pending() -> None:
    readings = [reading for name, reading in still_reading("node1") if name not in ("node", "history")]
    assert {reading.kind for reading in readings} == {MissingKind.PENDING}
