"""A node dies in the lab: what that leaves is posted once, and shown wherever somebody looks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot import main as wiring
from bot.config import Settings
from bot.slack.listeners.app_home import gather
from bot.slack.views import app_home
from handlers import posture
from handlers.domain.posture.schedule import Watching
from lab.cluster.cluster import Lab
from lab.slack.plain_text import plain_text
from lab.slack.server import SlackWorkspaceServer
from runbooks.posture.model import Check, Severity
from tests.bot.conftest import Becomes
from tests.bot.worker.working import working

pytestmark = pytest.mark.process

AGAIN = Watching(sample_every=timedelta())
"""Look at every call, as if a quarter of an hour had passed."""


async def test_a_lost_node_is_posted_once_and_stands_in_the_app_home(
    settings: Settings, slack: SlackWorkspaceServer, lab: Lab, becomes: Becomes
) -> None:
    says = "cannot lose any more nodes: there would be no quorum (2 of 3 can vote; node1 is down)"

    def told() -> int:
        return sum(says in plain_text({"blocks": each.blocks}) for each in slack.workspace.messages)

    async with working(settings) as bot:
        await bot.scheduler.mark_posture()
        await becomes(lambda: _is(bot, Severity.FINE))
        await lab.kill(lab.nodes[0].name)
        await posture.watch(bot.ports, AGAIN)
        assert await _is(bot, Severity.WARNING)
        assert told() == 0, "once may be a restart"
        for _ in range(3):
            assert await posture.watch(bot.ports, AGAIN) == ()
        assert told() == 1
        assert says in plain_text(app_home.view(await gather(bot.ports, "U0ALICE001")))


async def _is(bot: wiring.Bot, severity: Severity) -> bool:
    assert bot.ports.postures
    seen = (await bot.ports.postures.standing("demo")).posture
    line = seen.line(Check.SPARE_NODES) if seen else None
    return line is not None and line.severity is severity
