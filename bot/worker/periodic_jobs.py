"""Jobs that belong to no incident: the scheduler marks them as due, and one worker at a time does them."""

from __future__ import annotations

import dataclasses

import structlog
from structlog.contextvars import bind_contextvars

from bot.config import AlertmanagerSettings
from bot.store.retention import Retention
from handlers import reconcile_alerts
from handlers.errors import SourceDown
from handlers.ports import Ports
from handlers.reconcile_alerts import ReconcileSettings

log = structlog.get_logger()

LOOK = "look-at-alerting"
TRIM = "trim-closed-incidents"

NEXT_TRIM_AFTER_S = 5.0
"""The pause between two batches of incidents that are trimmed."""


class PeriodicJobs:
    """All periodic jobs, by the name under which they are due."""

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

    async def do(self, job: str) -> float | None:
        """Do a job; return in how many seconds it is due again without a mark of the scheduler."""
        bind_contextvars(job=job)
        if job == LOOK:
            await self._look()
        if job == TRIM and (trimmed := await self._retention.trim(self._kept_days)):
            log.info("incidents_trimmed", incidents=trimmed)
            return NEXT_TRIM_AFTER_S
        return None

    async def _look(self) -> None:
        how = self._how if self._has_looked else dataclasses.replace(self._how, just_started=True)
        try:
            looked = await reconcile_alerts.look(self._ports, how)
        except SourceDown as error:
            log.warning("alertmanager_not_asked", error=str(error))
            return
        for failure in looked.failed:
            log.error("incident_not_put_right", exc_info=failure)
        self._has_looked = not looked.silence
        if looked.silence:
            log.warning("prometheus_not_asked", error=looked.silence)
        if looked.changed:
            log.warning("missed_by_the_webhook", incidents=looked.changed)
