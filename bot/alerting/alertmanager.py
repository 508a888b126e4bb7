"""Alertmanager's API: what fires, and silences. Several addresses are the peers of one HA cluster."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Set
from datetime import UTC, datetime
from typing import TypeVar

import httpx
import structlog
from pydantic import ValidationError

from bot.alerting.alertmanager_schema import ENDED, AlertAnswer, SilenceAnswer, is_like, matcher, union
from bot.config import AlertmanagerSettings
from bot.http.json_api import JsonApi
from handlers.domain.alert_reading import read_alert
from handlers.domain.alert_sources import Listing
from handlers.domain.alerts import Alert
from handlers.domain.notification import first_complaint
from handlers.errors import SilenceFailed, SourceDown

log = structlog.get_logger()
T = TypeVar("T")

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""A silence's start: Alertmanager raises one that is past to its own now, so no clock of ours delays it."""

NO_SUCH_SILENCE = 404


class AlertmanagerClient:
    """`handlers.domain.alert_sources.Alertmanager` and `handlers.ports.Silences` over the v2 API."""

    def __init__(self, settings: AlertmanagerSettings, http: httpx.AsyncClient) -> None:
        self._peers = tuple(JsonApi("Alertmanager", url, settings, http) for url in settings.urls)
        self._receiver = settings.receiver

    async def firing(self, labels: Mapping[str, str] | None = None) -> Listing:
        """Return what fires now: the union of what the peers hold, and how much of it cannot be read.

        Prometheus sends to every peer, so one that is down takes nothing away.

        Args:
            labels: Only alerts that carry these.

        Raises:
            SourceDown: If no peer answers.
        """
        params = tuple(("filter", f"{name}={_quoted(value)}") for name, value in (labels or {}).items())
        answers = await asyncio.gather(
            *(self._listing(peer, params) for peer in self._peers), return_exceptions=True
        )
        failed = [answer for answer in answers if isinstance(answer, BaseException)]
        for error in failed:
            if not isinstance(error, SourceDown):
                raise error
            log.warning("alertmanager_silent", error=str(error))
        if len(failed) == len(self._peers):
            raise SourceDown(" ".join(map(str, failed)))
        return union(answer for answer in answers if not isinstance(answer, BaseException))

    async def _listing(self, peer: JsonApi, params: tuple[tuple[str, str], ...]) -> Listing:
        """Return a peer's alerts; one that cannot be read is counted, and logged."""
        answer = await peer.call("GET", "/api/v2/alerts", params=params)
        if not isinstance(answer, list):
            raise SourceDown(f"{peer.name} answers in a shape that is not of its v2 API.")
        held, unreadable = [], 0
        for raw in answer:
            try:
                said = AlertAnswer.model_validate(raw)
                held.append(said.held(read_alert({**raw, "status": "firing"}), self._receiver))
            except ValidationError as error:
                log.warning("alert_unreadable", error=first_complaint(error))
                unreadable += 1
        return Listing(tuple(held), unreadable)

    async def receivers(self) -> frozenset[str]:
        """Return the names of the configured receivers.

        Raises:
            SourceDown: If no peer answers.
        """

        async def ask(peer: JsonApi) -> frozenset[str]:
            answer = await peer.call("GET", "/api/v2/receivers")
            return _checked(peer, lambda: frozenset(str(each["name"]) for each in answer))

        return await self._first_that_answers(ask)

    async def silence(self, alerts: tuple[Alert, ...], ends_at: datetime, by: str, comment: str) -> str:
        """Make one silence for these alerts: each label must have a value that one of them has for it.

        Raises:
            SilenceFailed: If no peer takes it.
        """
        names = sorted({name for alert in alerts for name in alert.labels})
        # A label that an alert does not have counts as an empty one.
        matchers = {name: {alert.labels.get(name, "") for alert in alerts} for name in names}
        try:
            return await self.create_silence(matchers, ends_at, by, comment)
        except SourceDown as error:
            raise SilenceFailed(f"The alerts could not be silenced: {error}") from error

    async def lift(self, silence_id: str) -> None:
        """End a silence now.

        Raises:
            SilenceFailed: If no peer answers.
        """
        try:
            await self.expire_silence(silence_id)
        except SourceDown as error:
            raise SilenceFailed(f"The silence could not be lifted: {error}") from error

    async def create_silence(
        self, matchers: Mapping[str, Set[str]], ends_at: datetime, created_by: str, comment: str
    ) -> str:
        """Silence what has, for each label, one of the values; or prolong one like it that is there.

        So it may be repeated where the answer was lost: `comment` should name the incident.

        Args:
            matchers: Label name to the values it may have; an empty value is a label that is not there.
            ends_at: When it ends by itself, on Alertmanager's clock.
            created_by: Who, for people to read.
            comment: Why, for people to read.

        Returns:
            The silence's id.

        Raises:
            SourceDown: If no peer takes it.
        """
        ends_at = ends_at.replace(microsecond=0)  # Alertmanager answers in whole milliseconds
        wanted = [matcher(name, values) for name, values in matchers.items()]
        body = {
            "matchers": [matcher.model_dump(by_alias=True) for matcher in wanted],
            "startsAt": LONG_AGO.isoformat(),
            "endsAt": ends_at.isoformat(),
            "createdBy": created_by,
            "comment": comment,
        }

        async def create(peer: JsonApi) -> str:
            there = await peer.call("GET", "/api/v2/silences")
            known: dict[str, str] = {}
            for silence in _checked(peer, lambda: [SilenceAnswer.model_validate(each) for each in there]):
                if is_like(silence, wanted, created_by, comment):
                    if silence.ends_at >= ends_at:
                        return silence.id
                    known = {"id": silence.id}
            made = await peer.call("POST", "/api/v2/silences", body={**body, **known})
            return _checked(peer, lambda: str(made["silenceID"]))

        return await self._first_that_answers(create)

    async def expire_silence(self, silence_id: str) -> None:
        """End a silence; one that has ended, or is unknown, is ended.

        Raises:
            SourceDown: If no peer answers.
        """

        async def expire(peer: JsonApi) -> None:
            silence = await _silence(peer, silence_id)
            if silence and silence.status.state != ENDED:
                await peer.call("DELETE", f"/api/v2/silence/{silence_id}")

        await self._first_that_answers(expire)

    async def _first_that_answers(self, ask: Callable[[JsonApi], Awaitable[T]]) -> T:
        """Return the answer of the first peer that answers; peers share silences, so any one will do."""
        errors = []
        for peer in self._peers:
            try:
                return await ask(peer)
            except SourceDown as error:
                errors.append(str(error))
        raise SourceDown(" ".join(errors))


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _checked(peer: JsonApi, read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValidationError, KeyError, TypeError) as error:
        raise SourceDown(f"{peer.name} answers in a shape that is not of its v2 API.") from error


async def _silence(peer: JsonApi, silence_id: str) -> SilenceAnswer | None:
    try:
        answer = await peer.call("GET", f"/api/v2/silence/{silence_id}")
    except SourceDown as error:
        if error.status == NO_SUCH_SILENCE:
            return None
        raise
    return _checked(peer, lambda: SilenceAnswer.model_validate(answer))
