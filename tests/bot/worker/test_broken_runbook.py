"""A bot whose runbook raises: the thread says so, the log has the place, and no step is repeated for ever."""

from __future__ import annotations

from collections import Counter

import pytest
from structlog.testing import capture_logs

from bot.config import Settings
from bot.store.timelines import TimelineStore
from handlers import judging
from lab.slack.server import SlackWorkspaceServer
from tests.bot.conftest import Becomes
from tests.bot.worker.test_worker import FIRING, IMPATIENT, post
from tests.bot.worker.working import keys, shown, working
from tests.broken_runbook import broken

pytestmark = pytest.mark.process


async def test_row_12_a_runbook_that_raises_is_told_in_the_thread_and_logged_once(
    settings: Settings,
    slack: SlackWorkspaceServer,
    store: TimelineStore,
    becomes: Becomes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judging, "_logged", {})
    with capture_logs() as logs, broken("diagnose", "is_recovered"):
        async with working(settings, IMPATIENT) as bot:
            await post(settings, bot, FIRING)
            await becomes(lambda: shown(slack, "findings"))
            (incident_id,) = await store.open_incidents()

            async def both_told() -> bool:
                remarks = (await store.load(incident_id)).remarks
                return {"undetermined/diagnosis", "undetermined/recovery"} <= remarks.keys()

            await becomes(both_told)
            await becomes(lambda: shown(slack, "note-2"))
    failed = Counter(str(entry.get("judgement")) for entry in logs if entry["event"] == "judgement_failed")
    assert failed == {"diagnosis": 1, "recovery": 1}
    assert not [entry for entry in logs if entry["event"] == "step_failed"]
    assert {"headline", "findings", "note-1", "note-2"} <= set(keys(slack))
