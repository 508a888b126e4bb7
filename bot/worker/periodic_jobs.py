"""Jobs that belong to no incident: the scheduler marks them as due, and one worker at a time does them."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable

import structlog
from structlog.contextvars import bind_contextvars

from bot.config import AlertmanagerSettings
from bot.store.retention import Retention
from bot.worker.heartbeat import Heartbeat
from handlers import on_call, posture, wide_outage
from handlers.alerting import reconcile_alerts
from handlers.alerting.reconcile_alerts import ReconcileSettings
from handlers.domain.posture.schedule import Watching
from handlers.domain.wide_outage.members import OutageRule
from handlers.errors import SlackDown, SourceDown
from handlers.ports import Ports

log = structlog.get_logger()

RECONCILE = "look-at-alerting"
ASK_SLACK = "ask-slack"
TRIM = "trim-closed-incidents"
POSTURE = "watch-posture"
ON_CALL = "watch-on-call"
HEARTBEAT = "heartbeat"
WIDE_OUTAGE = "watch-wide-outage"

NEXT_TRIM_AFTER_S = 5.0
"""The pause between two batches of incidents that are trimmed."""


class PeriodicJobs:
    """All periodic jobs, by the name under which they are due."""

    def __init__(
        self,
        ports: Ports,
        alertmanager: AlertmanagerSettings | None,
        retention: Retention,
        kept_days: int,
        *,
        watching: Watching,
        outages: OutageRule,
        greet: Callable[[], Awaitable[object]],
        heartbeat: Heartbeat,
    ) -> None:
        self._watching, self._outages = watching, outages
        self._greet = greet
        self._heartbeat = heartbeat
        self._ports = ports
        self._retention = retention
        self._kept_days = kept_days
        self._how = (
            ReconcileSettings(alertmanager.cluster, alertmanager.resolved_grace_s)
            if alertmanager
            else ReconcileSettings()
        )
        self._has_reconciled = False

    async def do(self, job: str) -> float | None:
        """Do a job; return in how many seconds it is due again without a mark of the scheduler."""
        bind_contextvars(job=job)
        if job == RECONCILE:
            await self._reconcile()
        if job == ASK_SLACK:
            await self._ask_slack()
        if job == POSTURE:
            await self._watch_posture()
        if job == HEARTBEAT:
            await self._heartbeat.beat()
        if job == WIDE_OUTAGE:
            await wide_outage.watch(self._ports, self._outages)
        if job == ON_CALL:
            await self._watch_on_call()
        if job == TRIM and (trimmed := await self._retention.trim(self._kept_days)):
            log.info("incidents_trimmed", incidents=trimmed)
            return NEXT_TRIM_AFTER_S
        return None

    async def _ask_slack(self) -> None:
        """Call Slack though nothing is to be shown: a revoked token is known before an alert needs it."""
        try:
            await self._greet()
        except SlackDown as error:
            log.error("slack_not_ready", error=str(error))

    async def _watch_on_call(self) -> None:
        try:
            present = await on_call.watch(self._ports)
        except SlackDown as error:
            log.warning("hand_over_not_told", error=str(error))  # the next look tells it
            return
        if present and present.trouble:
            log.error("on_call_unknown", error=present.trouble)

    async def _watch_posture(self) -> None:
        for failure in await posture.watch(self._ports, self._watching):
            if isinstance(failure, SlackDown):
                log.warning("posture_not_told", error=str(failure))
            else:
                log.error("posture_failed", exc_info=failure)

    async def _reconcile(self) -> None:
        how = self._how if self._has_reconciled else dataclasses.replace(self._how, just_started=True)
        try:
            reconciled = await reconcile_alerts.reconcile_once(self._ports, how)
        except SourceDown as error:
            log.warning("alertmanager_not_asked", error=str(error))
            return
        for failure in reconciled.failed:
            log.error("incident_not_put_right", exc_info=failure)
        self._has_reconciled = not reconciled.silence
        if reconciled.silence:
            log.warning("prometheus_not_asked", error=reconciled.silence)
        if reconciled.changed:
            log.warning("missed_by_the_webhook", incidents=reconciled.changed)
