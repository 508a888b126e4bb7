"""What the shipped runbooks of text show in a thread, for each of their alerts and whatever was read."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator

import pytest

from bot import declared_runbooks
from bot.slack.delivery.plots import wanted
from bot.slack.views.message import READ_ACTION, TRIAGE_ACTION
from bot.slack.views.render import render
from handlers.domain.events import Event
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked, Offer
from handlers.domain.events.triage import HandOffDrawnUp
from handlers.domain.fold import fold
from handlers.domain.incident import Incident
from lab.scenarios import generate
from lab.slack.limits import check_message
from lab.slack.plain_text import plain_text
from runbooks.declared import DeclaredRunbook
from runbooks.evidence import Evidence
from runbooks.model import Verdict
from tests.builders import NOON, alert, opened
from tests.runbooks.declared.texts import in_use

SHIPPED = {name: declared_runbooks.read(file) for name, file in declared_runbooks.shipped().items()}
ALERTS = [(name, each) for name, runbook in SHIPPED.items() for each in sorted(runbook.ALERTS)]
BUTTONS = {f"{TRIAGE_ACTION}:{what}" for what in ("acknowledge", "assign", "snooze", "runbook", "more")} | {
    READ_ACTION
}


def readings() -> Iterator[Evidence]:
    """Readings of every kind of cluster: one fault or several, readings lost, lies, and sound ones."""
    kinds = itertools.groupby(generate(17), key=lambda scenario: scenario.family)
    for _, scenarios in kinds:
        for scenario in itertools.islice(scenarios, 4):
            yield Evidence.model_validate(scenario.evidence)


READINGS = list(readings())


def incident(runbook: DeclaredRunbook, name: str, read: Evidence) -> Incident:
    """An incident of an alert, with what was read, as its thread shows it."""
    diagnosis = runbook.diagnose(read)
    offers = tuple(Offer(handle=remedy.name, remedy=remedy) for remedy in diagnosis.offers)
    events: list[Event] = [
        opened(alert(name, cluster=read.cluster), runbook=runbook.NAME).model_copy(
            update={"cluster": read.cluster, "handle": "headline"}
        ),
        EvidenceRead(at=NOON, evidence=read),
        FindingsRanked(at=NOON, diagnosis=diagnosis, offers=offers),
        HandOffDrawnUp(at=NOON, hand_off=runbook.hand_off(read)),
    ]
    return fold("inc-1", events)


def thread(shown: Incident) -> tuple[str, set[str]]:
    """Return the thread's text, and the actions of all that can be pressed in it."""
    bodies = [message.body() for message in render(shown)]
    for body in bodies:
        check_message(body)
    text = "\n".join(map(plain_text, bodies))
    return text, set(re.findall(r'"action_id": "([^"]+)"', json.dumps(bodies)))


@pytest.mark.parametrize(("name", "alert_name"), ALERTS)
def test_whatever_was_read_its_thread_has_every_step_and_every_warning(name: str, alert_name: str) -> None:
    runbook = SHIPPED[name]
    with in_use(runbook):
        for read in READINGS:
            text, _ = thread(incident(runbook, alert_name, read))
            assert alert_name in text
            assert all(step.do in text for step in runbook.document.steps)
            assert all(command in text for step in runbook.document.steps for command in step.commands)
            assert all(warning in text for warning in runbook.document.never)
            assert text.index(runbook.document.never[0]) < text.index(runbook.document.steps[0].do)
            assert "$cluster" not in text


@pytest.mark.parametrize(("name", "alert_name"), ALERTS)
def test_it_plots_what_it_promises_of_this_cluster_alone(name: str, alert_name: str) -> None:
    runbook = SHIPPED[name]
    with in_use(runbook):
        for read in READINGS:
            plots = wanted(incident(runbook, alert_name, read)).values()
            assert [plot.title for plot in plots] == [plot.title for plot in runbook.document.plots]
            assert all(f'{{cluster="{read.cluster}"}}' in plot.query for plot in plots)


@pytest.mark.parametrize(("name", "alert_name"), ALERTS)
def test_nothing_in_it_acts_and_no_cause_is_claimed(name: str, alert_name: str) -> None:
    runbook = SHIPPED[name]
    with in_use(runbook):
        for read in READINGS:
            shown = incident(runbook, alert_name, read)
            _, pressed = thread(shown)
            assert pressed == BUTTONS, "its headline's and the one that reads, and no other"
            assert shown.offers == ()
            assert shown.diagnosis
            (only,) = shown.diagnosis.findings
            assert only.verdict is Verdict.UNDETERMINED
            assert not any(remedy.actions for remedy in only.remedies)
            assert not runbook.is_recovered(read).is_recovered


@pytest.mark.parametrize("name", SHIPPED)
def test_each_node_and_reading_that_it_asks_for_is_said_or_why_it_is_missing(name: str) -> None:
    runbook = SHIPPED[name]
    for read in READINGS:
        lines = runbook.diagnose(read).top.evidence_for
        assert [line.partition(":")[0] for line in lines] == list(read.names)
        assert all(f" {reading}: " in line for line in lines for reading in runbook.document.show)
        assert all("not read (" in line for line in lines if line.partition(":")[0] in _unread(read))


def _unread(read: Evidence) -> set[str]:
    return {node.node for node in read.nodes if node.newest_metrics is None}


NEVER_AUTOMATED = {
    "backup-restore": {
        "a restore over data": "Do not restore over data that is not copied",
        "a restore of a node beside a leader": "Do not restore a node of a cluster that has a leader",
        "a bootstrap": "Do not bootstrap",
        "the end of old backups": "Do not delete old backups",
        "writes that nobody resumes": "Do not pause writes without somebody who resumes them",
    },
    "cluster-upgrade": {
        "two nodes away": "Do not take two nodes away at once",
        "a script that goes on": "nor let a script go on by itself",
        "going on in doubt": "Do not go on while a node is not healthy",
        "a downgrade over a new schema": "Do not downgrade after a change of the schema",
        "a version that is skipped": "Do not skip a minor version",
    },
}
FORBIDDEN = re.compile(r"bootstrap|wal-repair|wal-replay|pause-writes|rm -|--force|retention|clear-pending")


@pytest.mark.parametrize("name", SHIPPED)
def test_what_must_never_be_automated_has_its_warning_and_no_command(name: str) -> None:
    given = SHIPPED[name].document
    for what, warning in NEVER_AUTOMATED[name].items():
        assert any(warning in said for said in given.never), what
    assert [c for step in given.steps for c in step.commands if FORBIDDEN.search(c)] == []


def test_what_is_restored_or_stopped_is_so_only_where_data_is_lost() -> None:
    steps = SHIPPED["backup-restore"].document.steps
    harmful = [step for step in steps if any("systemctl stop" in each for each in step.commands)]
    assert harmful
    assert all(step.do.startswith("Only where data is lost") for step in harmful)
