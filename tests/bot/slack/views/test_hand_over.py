"""A change of shift says of each open incident who has it, in the headline's own words."""

from __future__ import annotations

from bot.slack.views import labels
from bot.slack.views.escalation import handed_over
from handlers.domain.escalation.on_call import HandOver, Shift
from handlers.domain.events.triage import Acknowledged
from handlers.domain.incident import Incident
from tests.bot import incidents
from tests.bot.incidents import incident
from tests.bot.slack.views.test_render import everything_in
from tests.builders import BOB, NOON, opened

READ = incidents.quorum_loss()
CHANGE = HandOver(key="hand-over", at=NOON, before=None, after=Shift(user="U0BOB00001", name="Bob"))


def said_of(of: Incident) -> str:
    return "\n".join(everything_in(handed_over(CHANGE, (of,))))


def test_an_incident_that_nobody_took_is_taken_by_nobody():
    assert "who has it: nobody yet" in said_of(incident(opened()))
    assert "who has it: bob" in said_of(incident(opened(), Acknowledged(at=NOON, by=BOB)))


def test_whose_plan_runs_is_told_to_whoever_comes_on_call():
    running = incident(*incidents.confirmed(READ))
    assert labels.who_has_it(running) == "nobody yet; alice confirmed the plan that runs"
    assert labels.who_has_it(running) in said_of(running)
