"""Files in the thread, each put there once: who reaches whom, the elections around the alert, and in words
what was read where a message cannot hold it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import structlog
from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.alerting.prometheus import PrometheusClient
from bot.evidence_tables import all_links_open
from bot.pictures import draw
from bot.pictures.drawing.picture import Picture
from bot.pictures.elections.series import ElectionSeries, Mark, Sample
from bot.slack.delivery import plots
from bot.slack.delivery.web_api import FAILURES, failure
from bot.slack.views import findings
from bot.store.errors import store_errors
from bot.store.keys import Keys
from bot.store.timelines import TimelineStore
from handlers.domain import alert_sources
from handlers.domain.alert_sources import Series
from handlers.domain.events import Event
from handlers.domain.events.diagnosis import EvidenceRead
from handlers.domain.events.lifecycle import AlertsReceived, Closed
from handlers.domain.events.recovery import LeaderSeen, LeaderVerified
from handlers.domain.events.remediation import NodeChecked, PlanConfirmed, RunEnded
from handlers.domain.incident import Incident
from handlers.domain.undetermined import Judgement, Undetermined
from handlers.errors import SlackDown, SourceDown
from handlers.judging import judge
from handlers.ports import Threads
from runbooks.evidence import Metrics, Reading, Role

log = structlog.get_logger()

KEPT_S = 30 * 24 * 3600
BEFORE_ALERT = timedelta(minutes=3)
MAX_COUNT = 2**64
"""Neumann counts terms and elections in 64 bits."""

OWN_EVERY_S = 60.0
"""While nobody leads, the bot reads the nodes about this often."""

PROMETHEUS_EVERY_S = 5.0
AGAIN_AFTER_S = 30.0
"""Each try draws anew."""


@dataclass(frozen=True)
class File:
    """A file to upload: a picture with its alt text, or text alone."""

    name: str
    title: str
    content: bytes | str
    alt_text: str | None = None


class ThreadAttachments:
    """Uploads each picture or file of an incident at most once: a lost answer costs the file.

    One that never reached Slack, because Slack was down or asked to wait, is tried again.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        redis: Redis,
        prefix: str,
        threads: Threads,
        timelines: TimelineStore,
        *,
        prometheus: PrometheusClient | None,
    ) -> None:
        self._client = client
        self._redis = redis
        self._keys = Keys(prefix)
        self._threads = threads
        self._timelines = timelines
        self._prometheus = prometheus
        self._one_at_a_time = asyncio.Semaphore(1)  # drawing takes some 100 MB for a moment

    async def sync(self, incident: Incident) -> None:
        """Draw and upload what is due and not there.

        Raises:
            SlackDown: If one is to be tried again.
        """
        for name in due(incident):
            if name in plots.wanted(incident) and self._prometheus is None:
                continue
            place = await self._threads.place_of(incident.id)
            if place is None or not await self._claim(incident.id, name):
                continue
            async with self._one_at_a_time:
                file = await self._file(name, incident)
            try:
                await self._client.files_upload_v2(
                    content=file.content,
                    filename=file.name,
                    title=file.title,
                    alt_txt=file.alt_text,
                    channel=place.channel,
                    thread_ts=place.message_ts,
                )
            except FAILURES as error:
                log.warning("file_not_uploaded", incident=incident.id, file=file.name, error=str(error))
                if is_worth_another_try(error):
                    await self._unclaim(incident.id, name)
                    down = failure("files_upload_v2", error)
                    raise SlackDown(str(down), wait_s=down.wait_s or AGAIN_AFTER_S) from error

    async def _claim(self, incident_id: str, name: str) -> bool:
        async with store_errors():
            key = self._keys.picture(incident_id, name)
            return bool(await self._redis.set(key, 1, nx=True, ex=KEPT_S))

    async def _unclaim(self, incident_id: str, name: str) -> None:
        async with store_errors():
            await self._redis.delete(self._keys.picture(incident_id, name))

    async def _file(self, name: str, incident: Incident) -> File:
        if self._prometheus and (plot := plots.wanted(incident).get(name)):
            shown = await plots.plotted(self._prometheus, incident, plot, datetime.now(UTC))
            if isinstance(shown, str):
                log.warning("not_plotted", incident=incident.id, why=shown)
                return File(f"{incident.id}-{name}.txt", plot.title, shown)
            return File(f"{incident.id}-{name}.png", plot.title, shown.png, shown.alt_text)
        if name not in TITLES:
            assert incident.evidence and incident.diagnosis  # noqa: S101  it is due with both
            words = judge(Judgement.VIEW, findings.in_words, incident.diagnosis, incident.evidence)
            said = words.sentence if isinstance(words, Undetermined) else words
            return File(f"{incident.id}-{name}.txt", "Everything that was read", said)
        picture = await self._draw(name, incident)
        if isinstance(picture, Undetermined):
            return File(f"{incident.id}-{name}.txt", TITLES[name], picture.sentence)
        return File(f"{incident.id}-{name}.png", TITLES[name], picture.png, picture.alt_text)

    async def _draw(self, name: str, incident: Incident) -> Picture | Undetermined:
        if name == "links":
            assert incident.evidence and incident.diagnosis  # noqa: S101  it is due with both
            return await draw.draw_link_map(incident.evidence, incident.diagnosis)
        events = await self._timelines.timeline(incident.id)
        return await draw.draw_election_timeline(await self._series(incident, events))

    async def _series(self, incident: Incident, events: tuple[Event, ...]) -> ElectionSeries:
        """Return samples from Prometheus where it is configured and answers, else the bot's own readings."""
        marks = tuple(marks_of(events))
        if self._prometheus and incident.opened_at:
            start, end = incident.opened_at - BEFORE_ALERT, events[-1].at
            try:
                elections = await self._prometheus.elections(incident.cluster, start, end)
                terms = await self._prometheus.term(incident.cluster, start, end)
            except SourceDown as error:
                log.warning("prometheus_down", error=str(error))
            else:
                samples = tuple(samples_of_series(elections, terms))
                if samples:
                    return ElectionSeries(incident.cluster, samples, marks, PROMETHEUS_EVERY_S)
        return ElectionSeries(incident.cluster, tuple(samples_of(events)), marks, OWN_EVERY_S)


def is_worth_another_try(error: Exception) -> bool:
    """Return whether Slack has not seen the file, and would take it later."""
    never_sent = isinstance(error, aiohttp.ClientConnectorError)
    return never_sent or failure("files_upload_v2", error).wait_s is not None


TITLES = {"links": "Who reaches whom", "elections": "Elections and terms"}


def due(incident: Incident) -> Iterator[str]:
    """Yield the names of the pictures and files that an incident's thread should have by now."""
    yield from plots.wanted(incident)
    evidence = incident.evidence
    if evidence and incident.diagnosis and evidence.complete:
        if judge(Judgement.VIEW, findings.is_brief, incident.diagnosis, evidence) is True:
            # Once for each judgement, not for each reading: the cluster is read again every minute.
            judged = incident.diagnosis.model_dump_json(
                include={"findings": {"__all__": {"cause", "verdict"}}}
            )
            yield f"reading-{hashlib.sha256(judged.encode()).hexdigest()[:8]}"
        if incident.diagnosis.can_elect != "yes" or not all_links_open(evidence):
            yield "links"
        if incident.verified:
            yield "elections"


def samples_of(events: Iterable[Event]) -> Iterator[Sample]:
    """Yield what the bot itself read of each node, and who was seen to lead, from the timeline."""
    for event in events:
        if isinstance(event, (LeaderSeen, LeaderVerified)):
            lead = event.leadership
            for name in lead.acknowledged_by:
                role = Role.LEADER if name == lead.leader else Role.FOLLOWER
                yield Sample(event.at, name, role, lead.term)
        if isinstance(event, EvidenceRead) and event.evidence.complete:
            for node in event.evidence.nodes:
                for reading in (node.metrics, node.metrics_again):
                    yield _sample(node.node, reading)


def _sample(node: str, reading: Reading[Metrics]) -> Sample:
    said = reading.value or Metrics()
    return Sample(reading.at, node, said.role, said.term, said.elections_total)


def samples_of_series(elections: Iterable[Series], terms: Iterable[Series]) -> Iterator[Sample]:
    """Return Prometheus' samples; each node is named by its `node` label, else by its instance's host."""
    for series in elections:
        name = _node_of(series)
        yield from (Sample(each.at, name, elections=int(each.value)) for each in _numbers(series))
    for series in terms:
        name = _node_of(series)
        yield from (Sample(each.at, name, term=int(each.value)) for each in _numbers(series))


def _numbers(series: Series) -> Iterator[alert_sources.Sample]:
    """Yield the samples that Neumann can have counted: Prometheus also has `NaN`, `+Inf` and 1e308."""
    return (each for each in series.samples if 0 <= each.value < MAX_COUNT)


def _node_of(series: Series) -> str:
    return series.labels.get("node") or series.labels.get("instance", "?").rsplit(":", 1)[0]


def marks_of(events: Iterable[Event]) -> Iterator[Mark]:
    """Yield what happened, for the picture's flags."""
    for event in events:
        match event:
            case AlertsReceived(reason="opened"):
                yield Mark(event.at, "alert", f"alert {event.alerts[0].name}")
            case PlanConfirmed():
                yield Mark(event.at, "plan", f"{event.by.name} confirmed")
            case NodeChecked():
                yield Mark(event.at, "step", f"{event.node} {'worse' if event.complaints else 'done'}")
            case RunEnded(completed=False):
                yield Mark(event.at, "stopped", "run stopped")
            case LeaderVerified():
                yield Mark(event.at, "verified", "leader verified")
            case Closed():
                yield Mark(event.at, "resolved", "resolved")
