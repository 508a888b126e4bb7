"""Draw pictures in a thread beside the event loop; Pillow is loaded for the first one."""

from __future__ import annotations

import asyncio

from bot.pictures.drawing.picture import Picture
from bot.pictures.elections.series import ElectionSeries
from bot.pictures.plots.plot import Plot
from handlers.domain.history.month import MonthReport
from handlers.domain.undetermined import Judgement, Undetermined
from handlers.judging import judge
from runbooks.evidence import Evidence
from runbooks.model import Diagnosis


async def draw_link_map(evidence: Evidence, diagnosis: Diagnosis) -> Picture | Undetermined:
    """Draw who reaches whom; of what cannot be drawn, return that.

    Args:
        evidence: One reading of the cluster; a node may be dead, silent or half read.
        diagnosis: Its judgement, so that picture and thread give the same answer.
    """
    return await asyncio.to_thread(judge, Judgement.PICTURE, _link_map, evidence, diagnosis)


async def draw_election_timeline(series: ElectionSeries) -> Picture | Undetermined:
    """Draw roles, elections and terms over time; of what cannot be drawn, return that."""
    return await asyncio.to_thread(judge, Judgement.PICTURE, _election_timeline, series)


async def draw_month(report: MonthReport) -> Picture | Undetermined:
    """Draw a month of incidents; of what cannot be drawn, return that."""
    return await asyncio.to_thread(judge, Judgement.PICTURE, _month, report)


async def draw_query_plot(plot: Plot) -> Picture | Undetermined:
    """Draw a query's series over time; of what cannot be drawn, return that."""
    return await asyncio.to_thread(judge, Judgement.PICTURE, _query_plot, plot)


def _link_map(evidence: Evidence, diagnosis: Diagnosis) -> Picture:
    from bot.pictures.links.card import link_map  # noqa: PLC0415 - Pillow is loaded with it, and not before

    return link_map(evidence, diagnosis)


def _election_timeline(series: ElectionSeries) -> Picture:
    from bot.pictures.elections.card import election_timeline  # noqa: PLC0415 - the same

    return election_timeline(series)


def _month(report: MonthReport) -> Picture:
    from bot.pictures.months.card import month_card  # noqa: PLC0415 - the same

    return month_card(report)


def _query_plot(plot: Plot) -> Picture:
    from bot.pictures.plots.card import query_plot  # noqa: PLC0415 - the same

    return query_plot(plot)
