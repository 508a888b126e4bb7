"""Plots in the thread: the expression of an alert without a runbook, the queries of a runbook of text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.alerting.prometheus import PrometheusClient
from bot.pictures import draw
from bot.pictures.drawing.picture import Picture
from bot.pictures.plots.plot import Plot, curves
from handlers.domain.alert_expression import compared, expression_of
from handlers.domain.incident import Incident
from handlers.domain.undetermined import Undetermined
from handlers.errors import SourceDown
from runbooks.all_runbooks import can_prove

BEFORE = timedelta(hours=1)
MAX_AFTER = timedelta(hours=1)
"""An incident whose thread comes late is plotted no further: what was the case at the alert is looked for."""

STEP_S = 15.0
"""Prometheus scrapes hardly more often; an hour has 240 of it."""


@dataclass(frozen=True)
class Wanted:
    """One plot that the thread should have: its title, the query, and the limit of the alert's rule."""

    title: str
    query: str
    limit: float | None = None


def wanted(incident: Incident) -> Mapping[str, Wanted]:
    """Return the plots that an incident's thread should have by now, by the names of their files.

    Of an alert that has no runbook there is one at most: the expression of the first alert that tells one.
    """
    if given := incident.hand_off and incident.hand_off.hand_off.instructions:
        asked = enumerate(given.plots, start=1)
        return {f"plot-{number}": Wanted(each.title, each.query) for number, each in asked}
    if can_prove(incident.runbook) or not incident.is_readable:
        return {}
    for alert in incident.alerts.values():
        if expression := expression_of(alert):
            of = compared(expression)
            return {"expression": Wanted(alert.name, of.query, of.limit)}
    return {}


async def plotted(
    prometheus: PrometheusClient, incident: Incident, plot: Wanted, now: datetime
) -> Picture | str:
    """Ask Prometheus once and draw its answer; where that fails, return one sentence that says so.

    Args:
        prometheus: The configured one, whatever an alert's link says.
        incident: The present state; it is open.
        plot: What to plot.
        now: The present time.
    """
    came = incident.opened_at or now
    start, end = came - BEFORE, max(min(now, came + MAX_AFTER), came)
    try:
        series = await prometheus.series_of_others(plot.query, start, end, STEP_S)
    except SourceDown as error:
        return f"No plot of {plot.query}: {error}"
    drawn = curves(series, [alert.labels for alert in incident.alerts.values()])
    if not drawn.curves:
        what = "nothing but NaN and infinity for" if drawn.no_numbers else "no samples of"
        return f"No plot of {plot.query}: Prometheus has {what} it in the hour before the alert."
    picture = await draw.draw_query_plot(
        Plot(plot.title, incident.cluster, start, end, STEP_S, came, *drawn, limit=plot.limit)
    )
    return picture.sentence if isinstance(picture, Undetermined) else picture
