"""What is done now and then, and belongs to no incident; a timer marks it, one worker at a time does it."""

from __future__ import annotations

import dataclasses

import structlog

from bot.config import AlertmanagerSettings
from bot.store.retention import Retention
from handlers import reconcile_alerts
from handlers.errors import SourceDown
from handlers.ports import Ports
from handlers.reconcile_alerts import ReconcileSettings

log = structlog.get_logger()

LOOK = "look-at-alerting"
TRIM = "trim-closed-incidents"


GO_ON_AFTER_S = 5.0


class PeriodicJobs:
    """The chores by the name under which they are due."""

    def __init__(
        self, ports: Ports, alertmanager: AlertmanagerSettings | None, retention: Retention, kept_days: int
    ) -> None:
        self._ports = ports
        self._retention = retention
        self._kept_days = kept_days
        self._how = (
            ReconcileSettings(alertmanager.cluster, alertmanager.resolved_grace_s)
            if alertmanager
            else ReconcileSettings()
        )
        self._has_looked = False

    async def do(self, chore: str) -> float | None:
        """Do one; in how many seconds it is due again without a mark of the timer."""
        if chore == LOOK:
            await self._look()
        if chore == TRIM and (trimmed := await self._retention.trim(self._kept_days)):
            log.info("incidents_trimmed", incidents=trimmed)
            return GO_ON_AFTER_S
        return None

    async def _look(self) -> None:
        how = self._how if self._has_looked else dataclasses.replace(self._how, just_started=True)
        try:
            looked = await reconcile_alerts.look(self._ports, how)
        except SourceDown as error:
            log.warning("alertmanager_not_asked", error=str(error))
            return
        self._has_looked = not looked.silence
        if looked.silence:
            log.warning("prometheus_not_asked", error=looked.silence)
        if looked.changed:
            log.warning("missed_by_the_webhook", incidents=looked.changed)
