"""Whatever the bot shows passes Slack's limits, and nobody else's text does anything in it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from bot.slack.views import answers, plan_modal
from bot.slack.views.headline import one_sentence
from bot.slack.views.message import READ_ACTION, Message
from bot.slack.views.render import render
from handlers.commands import COMMANDS
from handlers.commands.answers import ElectionStatus, Help
from handlers.domain.events.base import Person
from handlers.domain.events.lifecycle import Closed
from handlers.domain.events.recovery import LeaderSeen, LeaderVerified
from handlers.domain.incident import Incident
from handlers.errors import NotAllowed
from lab.slack.limits import UPDATED_TEXT_CHARACTERS, acting_elements, check_message, check_view, texts
from runbooks import leader_election
from runbooks.evidence import Evidence, Role
from tests.bot import incidents
from tests.bot.incidents import (
    EVIDENCES,
    ID,
    LATER,
    LEADERSHIP,
    confirmed,
    every_prefix,
    incident,
    with_many_nodes,
)
from tests.builders import alert, dead, diagnosed, evidence, missing, node, opened

HOSTILE = "<!channel> & <https://evil.example|click> *b* `c` ```d``` @here "
LONG = HOSTILE * 500
MANY = with_many_nodes()


def check(shown: Incident) -> tuple[Message, ...]:
    messages = render(shown)
    for message in messages:
        check_message(message.body(), text_characters=UPDATED_TEXT_CHARACTERS)
        check_message(message.body(plainly=True), text_characters=UPDATED_TEXT_CHARACTERS)
    assert len({message.key for message in messages}) == len(messages)
    return messages


def everything_in(message: Message) -> Iterator[str]:
    yield message.text
    yield from texts(list(message.blocks))


def say(shown: Incident) -> str:
    return "\n".join(itertools.chain.from_iterable(map(everything_in, render(shown))))


def inert(text: str) -> None:
    """No mention and no link of anybody's but our own runbook's is left in it; our own dates are none."""
    without_dates = re.sub(r"<!date\^\d+\^\{date_short_pretty\} \{time_secs\}\|[-0-9: ]+ UTC>", "", text)
    for harm in ("<!", "<@", "<#", "<https://evil"):
        assert harm not in without_dates, text[:200]


@pytest.mark.parametrize(
    "read", [*EVIDENCES.values(), *MANY.values()], ids=[*EVIDENCES, *(f"51 nodes, {k}" for k in MANY)]
)
class TestWhateverWasRead:
    def test_the_thread_is_within_slacks_limits(self, read: Evidence) -> None:
        keys = [message.key for message in check(incident(opened(), *diagnosed(read)))]
        assert keys == ["headline", "findings"]

    def test_the_status_answer_is_within_slacks_limits(self, read: Evidence) -> None:
        text, blocks = answers.answer(ElectionStatus(read, leader_election.diagnose(read)))
        check_message({"text": text, "blocks": blocks})

    def test_every_offered_plan_is_within_slacks_limits(self, read: Evidence) -> None:
        shown = incident(opened(), *diagnosed(read))
        if shown.offers:
            check_view(plan_modal.plan_modal(shown, incidents.proposal(read), viewer="U0ALICE001"))


def test_the_status_answer_says_that_more_was_not_read_than_it_lists() -> None:
    failing = []
    for at in (1, 2, 3):
        lost: dict[str, Any] = {
            name: missing(f"error {at} of {name}") for name in ("config", "disk", "log", "clock")
        }
        failing.append(node(f"node{at}", **lost))
    read = evidence(*failing)
    _, shown = answers.answer(ElectionStatus(read, leader_election.diagnose(read)))
    check_message({"text": "", "blocks": shown})
    assert "not read: something more of 1 node" in json.dumps(shown)


def test_every_moment_of_an_incident_can_be_shown() -> None:
    for shown in every_prefix(incidents.healed()):
        check(shown)


@pytest.mark.parametrize("state", ["done", "not_done", "rejected", "unknown"])
def test_every_end_of_an_action_can_be_shown(state: Any) -> None:
    check(incident(*incidents.carried_out(incidents.quorum_loss(), state, "systemctl said: " + LONG)))


def test_a_healed_incident_tells_its_whole_story_in_order() -> None:
    messages = check(incident(*incidents.healed()))
    assert [message.key for message in messages] == ["headline", "findings", "run-1", "verified", "closed"]
    headline, findings, run, verified, closed = ("\n".join(everything_in(message)) for message in messages)
    assert "demo: NoLeader" in headline
    assert "Closed after 3 min 00 s. node1 leads term 9" in headline
    assert "confirmed *Quorum loss* (node2, node3)" in findings
    assert "confirmed by alice" in run
    assert run.count(":white_check_mark:") == 2
    assert "stable for 10 s" in verified
    assert "Closed after 3 min 00 s" in closed


def buttons(shown: Incident) -> list[dict[str, Any]]:
    return [e for message in render(shown) for block in message.blocks for e in acting_elements(block)]


def test_a_button_carries_a_handle_and_no_command() -> None:
    shown = incident(opened(), *diagnosed(incidents.quorum_loss()))
    (button,) = buttons(shown)
    assert (button["action_id"], button["value"]) == ("remedy:start_nodes", shown.offers[0].handle)
    assert "node2" not in json.dumps(button)


def test_while_a_plan_runs_the_only_button_is_to_stop_it() -> None:
    running = incident(*confirmed(incidents.quorum_loss()))
    (button,) = buttons(running)
    assert (button["action_id"], button["value"]) == ("stop_run", running.runs[-1].handle)


def test_there_is_no_button_once_a_leader_is_there() -> None:
    found = LeaderVerified(at=LATER, leadership=LEADERSHIP, stable_s=10)
    assert buttons(incident(opened(), *diagnosed(incidents.quorum_loss()), found)) == []
    closed = Closed(at=LATER, detail="No alert fires any more.")
    assert buttons(incident(opened(), *diagnosed(incidents.quorum_loss()), closed)) == []


def test_findings_can_be_read_again_until_they_are_overtaken() -> None:
    first = opened().model_copy(update={"handle": "care"})
    found = (first, *diagnosed(incidents.quorum_loss()))
    (press,) = [each for each in buttons(incident(*found)) if each["action_id"] == READ_ACTION]
    assert press["value"] == "care"
    led = LeaderVerified(at=LATER, leadership=LEADERSHIP, stable_s=10)
    closed = Closed(at=LATER, detail="No alert fires any more.")
    running = incident(first, *confirmed(incidents.quorum_loss())[1:])
    for over in (incident(*found, led), incident(*found, closed), running):
        assert READ_ACTION not in [each["action_id"] for each in buttons(over)]


def test_each_plan_has_its_own_message() -> None:
    once = incidents.carried_out(incidents.quorum_loss(), "not_done", "It does not start.")
    twice = incident(*once, *incidents.carried_out(incidents.quorum_loss())[1:])
    assert [message.key for message in check(twice)] == ["headline", "findings", "run-1", "run-2"]


def test_a_reading_that_failed_is_said_and_not_left_out() -> None:
    text = say(incident(opened(), *diagnosed(incidents.unknown())))
    assert "?" in text
    assert "of node1, node2 and node3: the agent gave no answer within 4 s" in text


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("RootDiskFull", "runbook new root-disk-full --alert RootDiskFull --toml"),
        ("HighCPUUsage", "runbook new high-cpu-usage --alert HighCPUUsage --toml"),
        ("node_disk_IO", "runbook new node-disk-io --alert node_disk_IO --toml"),
        ("_", "runbook new NAME --alert _ --toml"),
        ("A" * 60, f"runbook new NAME --alert {'A' * 60} --toml"),
        ("x; rm -rf /", "runbook new NAME --alert ALERT --toml"),
        ("Disk`Full`", "runbook new NAME --alert ALERT --toml"),
    ],
)
def test_an_alert_without_a_runbook_says_how_to_begin_one(name: str, command: str) -> None:
    shown = incident(opened(alert(name), runbook=f"alert:{name}"))
    assert f"To write one, begin with `neumann-bot {command}`." in one_sentence(shown)


def test_an_alert_that_no_runbook_knows_gets_a_thread_too() -> None:
    shown = incident(opened(alert("DiskFull"), runbook="alert:DiskFull"))
    assert "The bot has no runbook for this alert" in say(shown)
    check(shown)


def test_a_storm_of_alerts_stays_one_headline() -> None:
    storm = [alert(f"Alert{number}", node=f"node{number}") for number in range(2000)]
    assert len(check(incident(opened(*storm)))) == 1


def hostile_alert() -> Any:
    labels = {"alertname": HOSTILE, "cluster": "demo", "node": LONG[:16_000]}
    return alert().model_copy(
        update={"labels": labels, "annotations": {"summary": LONG[:16_000], HOSTILE: HOSTILE}}
    )


def hostile_evidence(text: str) -> Evidence:
    ill = dead("node2", clock=missing(text), log=missing(text), pings=missing(text))
    return evidence(node("node1", role=Role.CANDIDATE), ill, dead("node3"))


@pytest.mark.parametrize("text", [HOSTILE, LONG[:16_000]], ids=["short", "long"])
def test_what_others_wrote_stays_within_the_limits(text: str) -> None:
    check(incident(opened(hostile_alert()), *diagnosed(hostile_evidence(text))))


def test_an_alerts_words_are_inert() -> None:
    inert(say(incident(opened(hostile_alert()))))


def test_a_nodes_words_are_inert() -> None:
    inert(say(incident(opened(), *diagnosed(hostile_evidence(HOSTILE)))))


def test_an_agents_words_are_inert() -> None:
    inert(say(incident(*incidents.carried_out(incidents.quorum_loss(), "not_done", HOSTILE))))


@pytest.mark.parametrize("name", ["alice", HOSTILE])
def test_a_persons_name_is_inert(name: str) -> None:
    events = list(confirmed(incidents.quorum_loss()))
    events[-1] = events[-1].model_copy(update={"by": Person(id="U0ALICE001", name=name)})
    inert(say(incident(*events)))


def test_a_leader_that_came_and_went_is_no_longer_said_to_lead() -> None:
    gone = LEADERSHIP.model_copy(update={"leader": None, "majority": False})
    shown = incident(*incidents.healed()[:-1], LeaderSeen(at=LATER, leadership=gone))
    assert "leads term 9" not in say(shown)


def test_a_plan_is_shown_word_for_word_before_it_is_confirmed() -> None:
    read = incidents.quorum_loss()
    proposed = incidents.proposal(read)
    view = plan_modal.plan_modal(incident(opened(), *diagnosed(read)), proposed, viewer="U0ALICE001")
    check_view(view)
    text = "\n".join(texts(view))
    for step in proposed.plan.steps:
        assert step.shown in text
    for words in (proposed.plan.title, proposed.plan.risk, proposed.plan.undo, proposed.plan.watch_after):
        assert words in text
    assert view["private_metadata"] == proposed.handle


@pytest.mark.parametrize("callback", [plan_modal.CONFIRM_CALLBACK, plan_modal.APPROVE_CALLBACK])
def test_risk_and_undo_are_read_before_what_is_long(callback: str) -> None:
    read = incidents.quorum_loss()
    proposed = incidents.proposal(read)
    proposed = proposed.model_copy(update={"plan": proposed.plan.model_copy(update={"needs_second": True})})
    shown = incident(opened(), *diagnosed(read))
    view = plan_modal.plan_modal(shown, proposed, callback, viewer="U0ALICE001")
    check_view(view)
    text, plan = "\n".join(texts(view["blocks"])), proposed.plan
    in_order = (
        plan.title,
        "second person",
        "*Risk:*",
        "*Undo:*",
        plan.steps[0].shown,
        "*Before each",
        "*Afterwards:*",
    )
    places = [text.index(each) for each in in_order]
    assert places == sorted(places)


OFFERING = [key for key, read in MANY.items() if incident(opened(), *diagnosed(read)).offers]


@pytest.mark.parametrize("read", [MANY[key] for key in OFFERING], ids=OFFERING)
def test_a_plan_for_many_nodes_is_shown_whole_or_not_at_all(read: Evidence) -> None:
    shown = incident(opened(), *diagnosed(read))
    proposed = incidents.proposal(read)
    text = "\n".join(texts(plan_modal.plan_modal(shown, proposed, viewer="U0ALICE001")))
    missing = [step.action for step in proposed.plan.steps if f"{step.action.node}*" not in text]
    assert missing == []
    assert "(cut)" not in text


def test_help_names_every_command() -> None:
    text, blocks = answers.answer(Help(COMMANDS, ("demo", HOSTILE)))
    check_message({"text": text, "blocks": blocks})
    for command in COMMANDS:
        assert f"/neumann {command.words}" in text
    inert("\n".join(texts(blocks)))


def test_a_refusal_is_a_view_of_its_own() -> None:
    check_view(plan_modal.sentence_modal("Not run", str(NotAllowed())))
    view = plan_modal.sentence_modal("Not run", LONG)
    check_view(view)
    inert("\n".join(texts(view)))


def test_the_view_never_needs_an_incident_id_to_be_ours() -> None:
    assert ID in say(incident(opened()))
