"""Grafana's dashboard model (schema version 39), as much of it as the dashboards need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]
Kind = Literal["timeseries", "stat", "state-timeline"]

COLUMNS = 24
SCHEMA_VERSION = 39
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True)
class Query:
    """A PromQL expression, and how its series are named."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel: a question, its answer's queries, and from which value on it is orange and red.

    `red_below` says that smaller values are worse. `says` is what somebody woken at night should know of it.
    """

    title: str
    says: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    unit: str = "short"
    width: int = 12
    height: int = 8
    orange: float | None = None
    red: float | None = None
    red_below: bool = False

    def json(self, number: int, x: int, y: int) -> Json:
        """Return the panel as Grafana has it."""
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.says,
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "targets": [
                {
                    "refId": chr(ord("A") + place),
                    "datasource": SOURCE,
                    "expr": " ".join(query.expr.split()),
                    "legendFormat": query.legend or "__auto",
                    **({"instant": True, "range": False} if self.kind == "stat" else {}),
                }
                for place, query in enumerate(self.queries)
            ],
            "fieldConfig": {
                "defaults": {
                    "unit": self.unit,
                    "color": {"mode": "thresholds" if self.kind == "stat" else "palette-classic"},
                    "thresholds": {"mode": "absolute", "steps": list(self._steps())},
                },
                "overrides": [],
            },
            "options": _OPTIONS[self.kind],
        }

    def _steps(self) -> Iterator[Json]:
        """Yield the colours from the smallest value on; the first has no value."""
        good, bad = ("red", "green") if self.red_below else ("green", "red")
        yield {"color": good, "value": None}
        if self.orange is not None:
            yield {"color": "orange", "value": self.orange}
        if self.red is not None:
            yield {"color": bad, "value": self.red}


def figure(
    title: str,
    says: str,
    expr: str,
    *,
    unit: str = "short",
    orange: float | None = None,
    red: float | None = None,
    red_below: bool = False,
) -> Panel:
    """Return a panel of one figure, six to a line."""
    return Panel(
        title,
        says,
        (Query(expr),),
        kind="stat",
        unit=unit,
        width=COLUMNS // 6,
        height=4,
        orange=orange,
        red=red,
        red_below=red_below,
    )


_OPTIONS: dict[Kind, Json] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "background",
        "graphMode": "none",
        "textMode": "auto",
        "justifyMode": "auto",
        "orientation": "auto",
    },
    "state-timeline": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "mergeValues": True,
        "showValue": "never",
        "rowHeight": 0.8,
    },
}


@dataclass(frozen=True)
class Variable:
    """A choice at the head of the dashboard: the values of a label."""

    name: str
    query: str

    def json(self) -> Json:
        """Return the variable as Grafana has it."""
        return {
            "name": self.name,
            "type": "query",
            "datasource": SOURCE,
            "query": {"query": self.query, "refId": self.name},
            "refresh": 2,
            "sort": 1,
            "multi": False,
            "includeAll": False,
        }


@dataclass(frozen=True)
class Dashboard:
    """A dashboard: rows of panels under headings, laid out from left to right."""

    uid: str
    title: str
    says: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]
    variables: tuple[Variable, ...] = ()

    def json(self) -> Json:
        """Return the dashboard as Grafana imports and provisions it."""
        source = {"name": "datasource", "type": "datasource", "query": "prometheus", "refresh": 1}
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.says,
            "tags": ["neumann"],
            "schemaVersion": SCHEMA_VERSION,
            "editable": True,
            "graphTooltip": 1,
            "refresh": "30s",
            "time": {"from": "now-6h", "to": "now"},
            "timezone": "browser",
            "templating": {"list": [source, *(each.json() for each in self.variables)]},
            "annotations": {"list": []},
            "links": [],
            "panels": list(_laid_out(self.rows)),
        }


def _laid_out(rows: Iterable[tuple[str, tuple[Panel, ...]]]) -> Iterator[Json]:
    """Yield headings and panels, each behind the one before, a new line where it does not fit any more."""
    number, y = 0, 0
    for heading, panels in rows:
        number += 1
        place = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
        yield {
            "id": number,
            "type": "row",
            "title": heading,
            "collapsed": False,
            "gridPos": place,
            "panels": [],
        }
        x, y, tallest = 0, y + 1, 0
        for panel in panels:
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            number += 1
            yield panel.json(number, x, y)
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
