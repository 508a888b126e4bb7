"""Read back a month of a cluster's incidents, and for how long nobody led in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from handlers.domain.alert_sources import LeaderRecord
from handlers.domain.history.account import Account, account_of
from handlers.domain.history.month import Month, MonthReport, Objective
from handlers.domain.undetermined import Judgement, Undetermined
from handlers.errors import Quarantined, SourceDown
from handlers.judging import judge
from handlers.ports import IncidentHistory, Prometheus, Timelines

MAX_INCIDENTS = 500
"""So many are read, of all clusters: the readings of a large cluster take megabytes an incident."""

LATER_IN_A_ROW = 20
"""So many in a row that were opened after the month end the reading. One alone does not: clocks of replicas
differ, and one that was wrong when it opened an incident may have been set back."""


@dataclass(frozen=True)
class Kept:
    """Where past incidents are kept; the cluster's leaders too, where Prometheus is configured."""

    timelines: Timelines
    past: IncidentHistory
    prometheus: Prometheus | None = None


class _Read(NamedTuple):
    accounts: list[Account]
    unreadable: int
    left_out: int


async def report(kept: Kept, cluster: str, month: Month, now: datetime, objective: Objective) -> MonthReport:
    """Return a month's report, as far as the month is kept and has come."""
    ids = {
        *await kept.past.released_within((now - month.start).total_seconds()),
        *await kept.timelines.open_incidents(),
    }
    read = await _accounts(kept.timelines, sorted(ids, key=_number), month.end)
    mine = sorted(
        (each for each in read.accounts if each.cluster == cluster), key=lambda each: each.opened_at
    )
    until = min(now, month.end)
    record, silence = await _record(kept.prometheus, cluster, month.start, until)
    return MonthReport(
        cluster=cluster,
        month=month,
        until=until,
        accounts=tuple(each for each in mine if each.opened_at >= month.start),
        earlier=tuple(each for each in mine if each.opened_at < month.start),
        kept_since=await kept.past.kept_since(),
        left_out=read.left_out,
        unreadable=read.unreadable,
        record=record,
        silence=silence,
        objective=objective,
    )


async def _accounts(timelines: Timelines, incident_ids: list[str], until: datetime) -> _Read:
    """Return what incidents that were opened before a moment came to, in their order.

    One that cannot be read does not hold up the others.
    """
    read, later = _Read([], 0, max(len(incident_ids) - MAX_INCIDENTS, 0)), 0
    for incident_id in incident_ids[:MAX_INCIDENTS]:
        try:
            account = judge(Judgement.ACCOUNT, account_of, incident_id, await timelines.timeline(incident_id))
        except Quarantined:
            account = Undetermined(Judgement.ACCOUNT, Quarantined.__name__)
        if isinstance(account, Undetermined):
            read = read._replace(unreadable=read.unreadable + 1)
            continue
        later = later + 1 if account and account.opened_at >= until else 0
        if later == LATER_IN_A_ROW:
            return read._replace(left_out=0)
        read.accounts.extend([account] if account and not later else [])
    return read


async def _record(
    prometheus: Prometheus | None, cluster: str, start: datetime, end: datetime
) -> tuple[LeaderRecord | None, str]:
    """Return what Prometheus knows of the leaders, and why it says nothing."""
    if prometheus is None:
        return None, ""
    try:
        return await prometheus.leader_record(cluster, start, end), ""
    except SourceDown as error:
        return None, str(error)


def _number(incident_id: str) -> int:
    """Return the number in an id, by which incidents are in the order of their opening."""
    digits = incident_id.split("-")[1:2]
    return int(digits[0]) if digits and digits[0].isdecimal() else 0
