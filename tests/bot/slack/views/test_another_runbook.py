"""The thread of a second runbook speaks in that runbook's words."""

from __future__ import annotations

from bot.slack.views.render import render
from handlers.domain.incident import Incident
from tests.bot.slack.views.reading_out import as_read
from tests.handlers.test_another_runbook import arrives, goes_on, mended, world_with_it


def thread(incident: Incident) -> str:
    return "\n".join(as_read(list(message.blocks)) for message in render(incident))


async def test_its_causes_buttons_and_proof_are_said_as_it_says_them() -> None:
    with world_with_it() as world:
        await arrives(world, "firing")
        found = thread(await goes_on(world))
        assert "Service stopped" in found
        assert "[Start it]" in found
    with world_with_it() as world:
        proven = thread(await mended(world))
        assert "Verified: all services run, stable for" in proven
        assert "a service has been back since then" in proven
