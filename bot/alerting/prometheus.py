"""Prometheus' API: which alerts fired while nobody listened, and the series that pictures are drawn from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.alerting.firings import firings, own_labels
from bot.alerting.promql import LEADERS, firing, of_cluster
from bot.config import PrometheusSettings
from bot.http.json_api import MAX_ANSWER_BYTES, JsonApi
from handlers.domain.alert_sources import Fired, Labels, LeaderRecord, Sample, Series
from handlers.errors import SourceDown

T = TypeVar("T")

MAX_POINTS = 11_000
"""Prometheus refuses a range query with more points to a series."""

MAX_BYTES_OF_OTHERS = 2_000_000
"""Of the answer to a query that others wrote: an hour of 300 series, of which six are drawn."""


LOOK_EVERY = timedelta(minutes=1)
"""Prometheus' default evaluation interval: a month is asked about a minute at a time."""

AT_ONCE = timedelta(days=7)
"""How much of it in one query: 51 nodes a minute for a week are two million samples, a second or so."""

_UnixTime = Annotated[float, Field(ge=0, le=253_402_300_799)]
"""Up to the end of year 9999, the last that a datetime holds."""


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    metric: dict[str, str]
    value: tuple[_UnixTime, str] | None = None
    values: tuple[tuple[_UnixTime, str], ...] = ()


@dataclass(frozen=True)
class LoadedRule:
    """An alert rule as Prometheus has it; `error` says why it cannot be evaluated, if `health` is `err`."""

    name: str
    query: str
    health: str
    error: str


class PrometheusClient:
    """`handlers.domain.alert_sources.Prometheus` over the HTTP API."""

    def __init__(self, settings: PrometheusSettings, http: httpx.AsyncClient) -> None:
        self._api = JsonApi("Prometheus", settings.url, settings, http)
        self._timeout_s = settings.timeout_s

    async def firing(self, names: Iterable[str]) -> tuple[Labels, ...]:
        """Return the labels of every alert of these rules that fires now, without the external labels.

        Raises:
            SourceDown: If Prometheus does not answer.
        """
        results = await self._query("query", query=firing(names))
        return tuple(own_labels(result.metric) for result in results)

    async def fired(self, names: Iterable[str], lookback_s: float) -> tuple[Fired, ...]:
        """Return every firing of these rules within a number of seconds before Prometheus' own now.

        The raw samples are asked for, not steps: a firing that is shorter than any step is found too.

        Raises:
            SourceDown: If Prometheus does not answer.
        """
        results = await self._query("query", query=f"{firing(names)}[{max(1, round(lookback_s))}s]")
        return tuple(
            Fired(own_labels(result.metric), first, last)
            for result in results
            for first, last in firings([_moment(at) for at, _ in result.values])
        )

    async def series_of_others(
        self, query: str, start: datetime, end: datetime, step_s: float
    ) -> tuple[Series, ...]:
        """Return the answer to a query that an alert or a team wrote, which may be a dear one.

        Prometheus itself gives it up after the deadline, and a large answer is not taken; raises as `series`.
        """
        return await self.series(query, start, end, step_s, limit_bytes=MAX_BYTES_OF_OTHERS)

    async def series(
        self,
        query: str,
        start: datetime,
        end: datetime,
        step_s: float = 5.0,
        *,
        limit_bytes: int = MAX_ANSWER_BYTES,
    ) -> tuple[Series, ...]:
        """Return a range query's answer as plain samples.

        Args:
            query: PromQL.
            start: The first moment.
            end: The last moment.
            step_s: Between two samples; wider where Prometheus would refuse so many.
            limit_bytes: The longest answer that is taken.

        Raises:
            SourceDown: If Prometheus does not answer.
        """
        step_s = max(step_s, (end - start).total_seconds() / (MAX_POINTS - 1))
        results = await self._query(
            "query_range",
            query=query,
            start=start.isoformat(),
            end=end.isoformat(),
            step=f"{step_s:.3f}",
            timeout=f"{self._timeout_s:.3f}",
            limit_bytes=limit_bytes,
        )
        try:
            return tuple(
                Series(result.metric, tuple(Sample(_moment(at), float(value)) for at, value in result.values))
                for result in results
            )
        except (ValueError, OverflowError, OSError) as error:
            raise SourceDown(f"{self._api.name} answers with times or values that cannot be read.") from error

    async def elections(
        self, cluster: str, start: datetime, end: datetime, step_s: float = 5.0
    ) -> tuple[Series, ...]:
        """Return each node's counter of elections; raises as `series` does."""
        return await self.series(of_cluster("tensor_chain_elections_total", cluster), start, end, step_s)

    async def term(
        self, cluster: str, start: datetime, end: datetime, step_s: float = 5.0
    ) -> tuple[Series, ...]:
        """Return each node's Raft term; raises as `series` does."""
        return await self.series(of_cluster("tensor_chain_term", cluster), start, end, step_s)

    async def leader_record(self, cluster: str, start: datetime, end: datetime) -> LeaderRecord:
        """Return in how many minutes it looked at a cluster, and in how many of them nobody led.

        Raises:
            SourceDown: If Prometheus does not answer.
        """
        of = f'job="neumann",cluster={json.dumps(cluster)}'
        known = led = 0
        while start < end:
            until = min(start + AT_ONCE, end)
            known += await self._minutes(f"count by (cluster) (up{{{of}}})", start, until)
            led += await self._minutes(LEADERS.format(of=of), start, until)
            start = until
        return LeaderRecord(known * LOOK_EVERY, max(known - led, 0) * LOOK_EVERY)

    async def _minutes(self, query: str, start: datetime, end: datetime) -> int:
        """Return in how many minutes a query that gives one series has an answer."""
        span_s, step_s = round((end - start).total_seconds()), round(LOOK_EVERY.total_seconds())
        if span_s < step_s:
            return 0
        asked = f"count_over_time(({query})[{span_s}s:{step_s}s])"
        results = await self._query("query", query=asked, time=end.isoformat())
        found = self._checked(lambda: float(results[0].value[1]) if results and results[0].value else 0.0)
        if not 0 <= found <= span_s // step_s + 1:
            raise SourceDown(f"{self._api.name} counts {found:g} minutes where there are {span_s // step_s}.")
        return int(found)

    async def labels(self, query: str) -> tuple[Labels, ...]:
        """Return the labels of each series that an instant query gives; raises as `firing` does."""
        return tuple(result.metric for result in await self._query("query", query=query))

    async def rules(self) -> tuple[LoadedRule, ...]:
        """Return the alert rules that are loaded; raises as `firing` does."""
        answer = await self._api.call("GET", "/api/v1/rules", params=(("type", "alert"),))
        return self._checked(
            lambda: tuple(
                LoadedRule(
                    str(rule["name"]),
                    str(rule["query"]),
                    str(rule.get("health", "")),
                    str(rule.get("lastError", "")),
                )
                for group in answer["data"]["groups"]
                for rule in group["rules"]
            )
        )

    async def alertmanagers(self) -> int:
        """Return to how many Alertmanagers alerts are sent; raises as `firing` does."""
        answer = await self._api.call("GET", "/api/v1/alertmanagers")
        return self._checked(lambda: len(answer["data"]["activeAlertmanagers"]))

    async def _query(
        self, kind: str, *, limit_bytes: int = MAX_ANSWER_BYTES, **params: str
    ) -> tuple[_Result, ...]:
        answer: Any = await self._api.call(
            "POST", f"/api/v1/{kind}", params=tuple(params.items()), limit_bytes=limit_bytes
        )
        return self._checked(lambda: tuple(_Result.model_validate(each) for each in answer["data"]["result"]))

    def _checked(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except (ValidationError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise SourceDown(f"{self._api.name} answers in a shape that is not of its v1 API.") from error


def _moment(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
