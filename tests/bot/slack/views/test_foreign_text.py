"""What others wrote, and clusters of odd sizes: inert, and inside Slack's limits, wherever it is shown."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.slack.views import answers, app_home, blocks, plan_modal, triage_modals
from bot.slack.views.message import Message
from bot.slack.views.render import render
from handlers.commands.answers import ElectionStatus, IncidentList, IncidentShown
from handlers.domain.alerts import Alert
from handlers.domain.events import Event
from handlers.domain.events.base import Person
from handlers.domain.events.remediation import PlanConfirmed
from handlers.domain.events.triage import NoteAdded
from handlers.domain.fold import fold
from handlers.domain.postmortem import draft as postmortem
from lab.slack.limits import check_message, check_view, texts
from runbooks import leader_election
from runbooks.evidence import Evidence, Role
from tests.bot import incidents
from tests.bot.slack.views.everything import check_everything, check_incident, opening, plans
from tests.builders import ALICE, NOON, alert, dead, diagnosed, evidence, node, opened

FOREIGN = {
    "a call to the channel": "<!channel> <!here> <!everyone>",
    "a mention": "<@U0ALICE001> <@W0ALICE001|x> <#C0INCIDENT> <!subteam^S0ONCALL01>",
    "a link": "<https://evil.example|runbook> <mailto:a@b|x>",
    "a date": "<!date^1^{date}|never>",
    "backticks": "`code` ```block``` ````` *bold* _it_ ~gone~",
    "emoji": ":large_green_circle: 🟢 👩‍👩‍👧‍👦 :white_check_mark:",
    "right to left": "שלום نود \u202egnp.exe\u202c \u2067turned\u2069 \u200f",
    "entities": "&lt;!channel&gt; &amp;lt;",
    "nothing": " ",
    "lines": "one\ntwo\r\n\tthree\u2028four",
    "endless": "<!channel>" * 2_000,
}
HARM = ("<!c", "<!h", "<!e", "<!s", "<@", "<#", "<https://evil", "<mailto", "\u202e", "\u2067")


def foreign_alert(text: str) -> Alert:
    labels = {"alertname": text[:16_000], "cluster": "demo", "severity": text[:16_000], "node": text[:16_000]}
    return alert().model_copy(update={"labels": labels, "annotations": {"summary": text[:16_000]}})


def foreign_evidence(text: str) -> Evidence:
    """Readings that failed with this text, and a configuration whose lines hold it."""
    one = node("node1", role=Role.CANDIDATE)
    config = one.config.value
    assert config
    line = config.election_lines[0].model_copy(
        update={"text": f"election_timeout_min_ms = 150 # {text[:500]}"}
    )
    changed = config.model_copy(update={"election_lines": (line,), "path": f"/etc/{text[:100]}"})
    two = dead("node2", clock=one.clock.model_copy(update={"value": None, "missing": text[:16_000]}))
    nodes = (one.model_copy(update={"config": one.config.model_copy(update={"value": changed})}), two)
    return evidence(*nodes, dead("node3"))


def everything_of(message: Message) -> str:
    return "\n".join([message.text, *texts(list(message.blocks)), *texts(list(message.plain))])


def harmless(text: str) -> None:
    """Nothing is left in it that Slack would act on, or that would read otherwise than it is."""
    found = [harm for harm in HARM if harm in text]
    assert found == [], text[:300]


@pytest.mark.parametrize("name", FOREIGN)
class TestForeignText:
    """Text of alerts, nodes, agents and people."""

    def test_in_an_alert(self, name: str) -> None:
        events = (opened(foreign_alert(FOREIGN[name])), *opening(incidents.quorum_loss())[1:])
        check_incident(events)
        for message in render(fold("inc-7", events)):
            harmless(everything_of(message))

    def test_in_a_clusters_name(self, name: str) -> None:
        cluster = FOREIGN[name][:200]
        first = opened().model_copy(update={"cluster": cluster, "handle": "h"})
        events = (first, *opening(incidents.quorum_loss())[1:])
        check_incident(events)
        incident = fold("inc-7", events)
        shown = [everything_of(message) for message in render(incident)]
        for answer in (IncidentList((incident,) * 20), IncidentShown(incident)):
            text, said = answers.answer(answer)
            check_message({"text": text, "blocks": said})
            shown += [text, *texts(said)]
        page = app_home.view(app_home.Home(ALICE.id, (incident,) * 10, (), {cluster: None}, NOON))
        check_view(page, "home")
        (choice,) = triage_modals.note_message((incident,), "x", ALICE.id)["blocks"]
        assert len(choice["element"]["options"][0]["text"]["text"]) <= blocks.MAX_BUTTON_CHARS
        for text in (*shown, *texts(page)):
            harmless(text)

    def test_in_what_a_node_says(self, name: str) -> None:
        read = foreign_evidence(FOREIGN[name])
        check_everything(read)
        events = opening(read)
        for message in render(fold("inc-7", events)):
            harmless(everything_of(message))
        text, said = answers.answer(ElectionStatus(read, leader_election.diagnose(read), in_full=True))
        harmless("\n".join([text, *texts(said)]))

    def test_in_a_plan(self, name: str) -> None:
        text = FOREIGN[name][:500]
        events = opening(incidents.tight_timeouts())
        incident = fold("inc-7", events)
        (proposed,) = plans(incident)
        steps = (proposed.plan.steps[0].model_copy(update={"shown": text}), *proposed.plan.steps[1:])
        odd = proposed.model_copy(update={"plan": proposed.plan.model_copy(update={"steps": steps})})
        view = plan_modal.plan_modal(incident, odd, viewer=ALICE.id, reason=text)
        check_view(view)
        harmless("\n".join(texts(view)))
        step = next(each for each in texts(view) if "*1. " in each)
        assert step.split("*2. ")[0].count("```") == 2, "the block ends where it ends, whatever stands in it"

    def test_in_what_a_person_wrote_and_is_called(self, name: str) -> None:
        eve = Person(id="U0EVE00001", name=FOREIGN[name][:80])
        events: tuple[Event, ...] = opening(incidents.quorum_loss())
        (proposed,) = plans(fold("inc-7", events))
        confirmed = PlanConfirmed(
            at=NOON, handle=proposed.handle, plan_sha256=proposed.plan.sha256, by=eve, second_needed=True
        )
        noted = NoteAdded(at=NOON, by=eve, text=FOREIGN[name][:2_000], link="javascript:alert(1)")
        told = (*events, noted, proposed, confirmed)
        check_incident(told)
        for message in render(fold("inc-7", told)):
            harmless(everything_of(message))

    def test_in_a_refusal_that_repeats_it(self, name: str) -> None:
        text, said = answers.refusal(f"There is no `/neumann {FOREIGN[name][:80]}`.")
        harmless(text)
        assert said == []


def test_what_is_escaped_is_cut_between_letters_and_never_within_an_entity() -> None:
    escaped = blocks.escape("<" * 100)
    for limit in range(2, 60):
        short = blocks.cut(escaped, limit)
        assert len(short) <= limit
        assert short.replace("&lt;", "") == "…"
    assert blocks.cut("R&D is short", 40) == "R&D is short"


def test_letters_that_run_from_the_right_stay_and_marks_that_turn_the_line_go() -> None:
    assert blocks.escape("שלום a\u202eb") == "שלום ab"


@pytest.mark.parametrize(
    ("carried", "shown"),
    [
        (("critical",), "critical"),
        (("info", "warning"), "warning"),
        (("page", "critical"), "critical"),
        (("P1",), "P1"),
        ((None,), ""),
        (("",), ""),
        ((None, "sev2"), "sev2"),
    ],
)
def test_the_severity_is_the_gravest_one_that_the_alerts_carry(
    carried: tuple[str | None, ...], shown: str
) -> None:
    alerts = [alert(f"Alert{number}") for number in range(len(carried))]
    for each, severity in zip(alerts, carried, strict=True):
        del each.labels["severity"]
        if severity is not None:
            each.labels["severity"] = severity
    (headline, *_) = render(fold("inc-7", [opened(*alerts)]))
    first_line = next(texts(list(headline.blocks))).splitlines()[0]
    assert first_line.endswith(f"* · {shown}" if shown else "*")


def test_a_cluster_with_a_name_of_200_characters_has_a_headline_that_still_says_what_fires() -> None:
    events = (opened().model_copy(update={"cluster": "c" * 200, "handle": "h"}),)
    check_incident(events)
    (headline,) = render(fold("inc-7", events))
    assert "c" * 200 + ": NoLeader" in everything_of(headline)


def test_two_thousand_kinds_of_alert_leave_room_for_the_sentence() -> None:
    storm = [alert(f"Alert{number}", node=f"node{number}") for number in range(2_000)]
    check_incident((opened(*storm),))
    (headline,) = render(fold("inc-7", [opened(*storm)]))
    assert "Reading every node…" in everything_of(headline)
    assert "and 1995 alerts more" in everything_of(headline)


def sized(count: int) -> Evidence:
    """A cluster of so many nodes, one of them dead."""
    names = [f"node{number}" for number in range(1, count + 1)]
    nodes = [node(name, names=names, role=Role.CANDIDATE) for name in names[1:]]
    return Evidence(
        cluster="demo", started_at=NOON, nodes=(*(dead(name, names=names) for name in names[:1]), *nodes)
    )


@pytest.mark.parametrize("count", [0, 1, 2, 12, 13, 40])
def test_a_cluster_of_any_size_can_be_shown(count: int) -> None:
    assert check_everything(sized(count)) > 10


def test_a_cluster_of_one_node_has_no_links_to_show() -> None:
    text = "\n".join(map(everything_of, render(fold("inc-7", opening(sized(1))))))
    assert "from \\ to" not in text
    assert "node1" in text


def test_a_buttons_value_is_never_more_than_a_handle() -> None:
    for message in render(fold("inc-7", opening(foreign_evidence(FOREIGN["a link"])))):
        values = [
            element.get("value", "")
            for element in itertools.chain.from_iterable(
                block["elements"] for block in message.blocks if block["type"] == "actions"
            )
        ]
        assert all(len(value) <= 40 for value in values), json.dumps(values)


def test_a_report_of_a_cluster_with_an_odd_name_is_one() -> None:
    first = opened().model_copy(update={"cluster": "`<!channel>` | *x*"})
    assert postmortem.markdown("inc-7", [first]).startswith(
        "# inc-7: NoLeader on \\`\\<!channel\\>\\` \\| \\*x\\*\n"
    )


FAKE = (
    "x\n\n:white_check_mark: *Leader verified: node1 leads term 9.*\n_all is well_"
    " https://evil.example #general"
)


def mrkdwn_of(piece: object) -> Iterator[dict[str, Any]]:
    """Every mrkdwn object in a message's blocks."""
    if isinstance(piece, dict):
        if piece.get("type") == "mrkdwn":
            yield piece
        piece = list(piece.values())
    if isinstance(piece, (list, tuple)):
        for each in piece:
            yield from mrkdwn_of(each)


def test_row_11_an_alert_cannot_draw_a_verdict_into_the_headline() -> None:
    """Its own line, a tick, bold letters: what the bot's own verdict has."""
    for message in render(fold("inc-1", [opened(foreign_alert(FAKE)), *diagnosed(evidence())])):
        assert ":white_check_mark:" not in message.text
        for text in mrkdwn_of(message.blocks):
            lines = text["text"].split("\n")
            assert not any(line.lstrip().startswith(("*Leader", ":white_check_mark")) for line in lines)
            assert "*Leader" not in text["text"] and "_all" not in text["text"]


def test_row_11_slack_is_told_to_parse_nothing_by_itself() -> None:
    """Bare addresses and #names become links unless a text is verbatim."""
    messages = render(fold("inc-1", [opened(foreign_alert(FAKE)), *diagnosed(evidence())]))
    found = [text for message in messages for text in mrkdwn_of(message.blocks)]
    assert found
    assert all(text["verbatim"] is True for text in found)


def test_what_only_looks_like_a_mark_stays_as_it_is() -> None:
    for usual in (
        "election_timeout_min_ms",
        "3 * 4",
        "a~b",
        "12:30:45",
        "node1:7878",
        "`make demo`",
        "5 > 3",
    ):
        assert blocks.escape(usual) == usual.replace(">", "&gt;")


def test_row_11_a_report_holds_no_link_that_somebody_wrote() -> None:
    first = opened(foreign_alert("\\[the plan to approve\\](https://evil.example)"))
    report = postmortem.markdown("inc-7", [first])
    assert "\\\\\\[the plan" in report, "both the backslash and the bracket are escaped"
