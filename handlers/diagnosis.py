"""Read the cluster, judge it and offer what the runbook allows; repeat as late answers come in."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable

from handlers import hand_off, kept_samples, precedents
from handlers.domain import unconfirmed
from handlers.domain.events import Event
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked, Offer, Unconfirmed
from handlers.domain.fold import apply
from handlers.domain.incident import Incident
from handlers.domain.steps import throttling
from handlers.domain.undetermined import Judgement, Undetermined, without_values
from handlers.earlier import earlier
from handlers.errors import EventTooLarge, Moved
from handlers.judging import judge, with_history
from handlers.ports import Ports
from handlers.remarks import remarked
from handlers.siblings import also_open
from runbooks.all_runbooks import RUNBOOKS
from runbooks.declared.unjudged import without_runbook
from runbooks.evidence import Evidence
from runbooks.model import Diagnosis, Remedy


async def read_cluster(ports: Ports, incident: Incident) -> Incident:
    """Gather evidence and rank the findings, first on what came soon, then on everything.

    Only then is looked for a past incident that this one is like: nobody waits for that. For an alert that
    no runbook covers, what was read is shown and not judged.
    """
    before, runbook = incident, RUNBOOKS.get(incident.runbook)
    diagnose = runbook.diagnose if runbook else without_runbook
    async for evidence in _readings(ports, incident):
        judged = judge(Judgement.DIAGNOSIS, diagnose, evidence)
        try:
            lost = _unconfirmed(incident, evidence, judged, diagnose)
            incident = await _record(ports, incident, evidence, judged, lost)
        except EventTooLarge as error:
            unkept = Undetermined(Judgement.KEEPING, type(error).__name__)
            incident = await _record(ports, incident, without_values(evidence, str(error)), unkept)
    return await precedents.tell(ports, before, incident)


def _unconfirmed(
    incident: Incident,
    evidence: Evidence,
    judged: Diagnosis | Undetermined,
    diagnose: Callable[[Evidence], Diagnosis],
) -> Unconfirmed | None:
    """Return a finding of before that failed readings alone made less sure.

    What was read is judged once more with the earlier answers in their place: that tells it from a finding
    that something else speaks against now.
    """
    before = incident.last_sure
    if before is None or isinstance(judged, Undetermined):
        return None
    if not unconfirmed.less_sure(before.diagnosis, judged):
        return None
    if not unconfirmed.unanswered(before.evidence, evidence):
        return None
    had_all = judge(Judgement.DIAGNOSIS, diagnose, unconfirmed.filled(before.evidence, evidence))
    if isinstance(had_all, Undetermined):
        return None
    return unconfirmed.unconfirmed(before, evidence, judged, had_all)


async def _readings(ports: Ports, incident: Incident) -> AsyncIterator[Evidence]:
    if incident.runbook not in RUNBOOKS:
        yield await ports.reader.read_lately(incident.cluster)
        return
    kept = await kept_samples.kept_for(ports, incident)
    async for read in ports.reader.read_progressively(incident.cluster):
        yield with_history(read, kept) if kept else read


async def _record(
    ports: Ports,
    incident: Incident,
    evidence: Evidence,
    judged: Diagnosis | Undetermined,
    lost: Unconfirmed | None = None,
) -> Incident:
    """Append evidence and findings; an alert that came meanwhile does not make the reading worthless."""
    failed = [judged.remark] if isinstance(judged, Undetermined) else []
    diagnosis = judged.diagnosis if isinstance(judged, Undetermined) else judged
    is_last = evidence.complete
    siblings = await also_open(ports, incident) if is_last and incident.runbook in RUNBOOKS else []
    told = await earlier(ports, incident) if is_last else ()
    while True:
        offers = tuple(_offer(incident, remedy) for remedy in diagnosis.offers)
        for offer in offers:
            await ports.timelines.remember_handle(offer.handle, incident.id)
        now = ports.time.now()
        events: tuple[Event, ...] = (
            EvidenceRead(at=now, evidence=evidence),
            FindingsRanked(at=now, diagnosis=diagnosis, offers=offers, unconfirmed=lost),
        )
        after = apply(incident, *events)
        remarks = (*failed, *siblings, *throttling.remarks(incident, after))
        try:
            return await ports.timelines.append(
                incident,
                *events,
                *told,
                *hand_off.due(after, evidence, now),
                *remarked(incident, now, remarks),
            )
        except Moved:
            moved = await ports.timelines.load(incident.id)
            if moved.evidence_at != incident.evidence_at or moved.running or moved.closed:
                raise
            incident = moved


def _offer(incident: Incident, remedy: Remedy) -> Offer:
    """Return the offer of a remedy: an unchanged remedy keeps its handle, a changed one gets a new one."""
    for known in incident.offers:
        if known.remedy.actions == remedy.actions:
            return Offer(handle=known.handle, remedy=remedy)
    return Offer(handle=secrets.token_urlsafe(16), remedy=remedy)
