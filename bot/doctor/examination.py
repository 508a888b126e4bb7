"""Go through everything that stands between an alert and its thread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot import add_ons
from bot.doctor import alerting, checked, parts_findings
from bot.doctor.patient import Patient
from handlers.errors import ConfigurationError
from handlers.ports.doctor import Examined


@dataclass(frozen=True)
class Doctor:
    """`handlers.ports.Doctor` over the bot's own connections."""

    patient: Patient

    async def examine(self) -> AsyncIterator[Examined]:
        """Yield each thing that was looked at, as it is known."""
        async for state, what, says in checked.answers(self.patient):
            if state == "not asked":
                yield Examined("Check", what, not_asked=says)
                continue
            said = f"{what}: {says}"
            yield Examined("Check", said) if state == "fine" else Examined("Check", "", said)
        settings = self.patient.settings
        for why in add_ons.left_out(settings.runbooks):
            yield Examined("Runbooks", "", why)
        for area in (
            parts_findings.redis_findings(self.patient),
            parts_findings.slack_findings(self.patient),
            parts_findings.node_findings(self.patient),
            alerting.prometheus_findings(self.patient.prometheus, settings),
            alerting.alertmanager_findings(self.patient.alertmanager, settings),
            _on_call(self.patient),
        ):
            async for finding in area:
                yield finding


async def _on_call(patient: Patient) -> AsyncIterator[Examined]:
    """Yield whether somebody is on call, where a schedule is configured."""
    if patient.on_call is None:
        return
    if isinstance(patient.on_call, ConfigurationError):
        yield Examined("On call", "who is on call", not_asked=str(patient.on_call))
        return
    present = await patient.on_call()
    wrong = None
    if present.trouble:
        wrong = present.trouble
    elif present.shift is None:
        wrong = "nobody is on call now: a tier that names on-call reaches nobody"
    yield Examined("On call", f"{present.shift.name} is on call" if present.shift else "", wrong)
