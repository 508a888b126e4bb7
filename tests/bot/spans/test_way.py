"""From an alert to its headline, and from a click to its effect: one trace, as a person plays it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.headless import play
from lab.stage import stage
from tests.bot.spans.receiver import Receiver, Span

pytestmark = pytest.mark.process

TO_THE_HEADLINE = (
    "POST /alertmanager",
    "send inbox",
    "process inbox",
    "append alerts_received",
    "process views",
    "POST /api/chat.postMessage",
)
TO_THE_FINDINGS = ("append alerts_received", "process steps", "judge")
TO_THE_EFFECT = (
    "append alerts_received",
    "POST /slack/events",
    "append plan_confirmed",
    "process steps",
    "commit start_service",
)
TO_THE_PROOF = ("append plan_confirmed", "process steps", "append leader_verified")


async def test_the_whole_way_is_one_trace_with_the_incidents_id(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NEUMANN_BOT_TRACING__ENDPOINT", receiver.endpoint)
    async with stage(tmp_path, lambda _: None) as running:
        report = await play(running, "quorum-loss", lambda _: None)
        assert report.failure is None, report
    (incident,) = {str(s.attributes["neumann.incident.id"]) for s in receiver.spans if "alerts" in s.name}
    (trace,) = {span.trace for span in receiver.spans if span.name == "append plan_confirmed"}
    spans = [span for span in receiver.of(incident) if span.trace == trace]
    for way in (TO_THE_HEADLINE, TO_THE_FINDINGS, TO_THE_EFFECT, TO_THE_PROOF):
        assert_goes(way, spans)
    done = [span for span in spans if span.name == "commit start_service"]
    assert len({span.attributes["neumann.node"] for span in done}) == 2, "the two that had stopped"
    assert {span.attributes["neumann.action.state"] for span in done} == {"done"}
    assert {span.service for span in spans} == {"neumann-bot"}
    assert_tells_nobody(receiver.spans, running.webhook_token)


def assert_goes(way: tuple[str, ...], spans: list[Span]) -> None:
    """The last leg follows from all before it, each from the one before, with others between at most."""
    known = {span.id: span for span in spans}
    for last in (span for span in spans if span.name == way[-1]):
        line = [last]
        while above := known.get(line[0].parent):
            line.insert(0, above)
        names = iter(span.name for span in line)
        if all(leg in names for leg in way):
            assert [span.began_ns for span in line] == sorted(span.began_ns for span in line)
            return
    raise AssertionError(f"no line of spans goes {' > '.join(way)}")


def assert_tells_nobody(spans: list[Span], token: str) -> None:
    said = str(spans)
    for secret in (token, "xoxb-", "alice", "U0ALICE", "severity"):
        assert secret not in said
