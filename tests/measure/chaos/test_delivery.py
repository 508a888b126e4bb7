"""Of `make chaos-delivery` one run: a worker dies with its post in Slack and no note of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from measure.chaos.delivery import DOWN_S, play
from measure.chaos.delivery_faults import known
from measure.chaos.delivery_rig import delivery_rig
from tests.bot.real_alerting import needs_the_real_programs

pytestmark = [pytest.mark.process, needs_the_real_programs]

POSTED = "worker-killed/headline-posted"


async def test_a_worker_that_dies_after_a_post_loses_no_alert_and_posts_nothing_twice(tmp_path: Path) -> None:
    (chaos,) = (chaos for chaos in known(DOWN_S) if chaos.name == POSTED)
    async with delivery_rig(tmp_path) as rig:
        played = await play(chaos, rig)
    assert (played.failed, played.violations) == ("", ())
