"""Alertmanager's API: what fires, and silences. Several addresses are the peers of one HA cluster."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import httpx
import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from bot.config import Alertmanager
from bot.json_api import JsonApi
from handlers.alerts import STILL_FIRING, Alert
from handlers.errors import SourceDown
from handlers.ports import Held, Silence

log = structlog.get_logger()
T = TypeVar("T")

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""A silence's start: Alertmanager raises one that is past to its own now, so no clock of ours delays it."""

NO_SUCH_SILENCE = 404
ENDED = "expired"


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class _Status(_Answer):
    state: str


class _Alert(_Answer):
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: AwareDatetime
    fingerprint: str
    status: _Status


class _Matcher(_Answer):
    name: str
    value: str
    is_regex: bool
    is_equal: bool = True


class _Silence(_Answer):
    id: str
    status: _Status
    ends_at: AwareDatetime
    created_by: str
    comment: str
    matchers: tuple[_Matcher, ...]


class AlertmanagerClient:
    """`handlers.ports.Alertmanager` over the v2 API."""

    def __init__(self, settings: Alertmanager, http: httpx.AsyncClient) -> None:
        self._peers = tuple(JsonApi("Alertmanager", url, settings, http) for url in settings.urls)
        self._receiver = settings.receiver

    async def firing(self, labels: Mapping[str, str] | None = None) -> tuple[Held, ...]:
        """What fires now and is routed to the bot's receiver; the union of what the peers hold.

        Prometheus sends to every peer, so one that is down takes nothing away.

        Args:
            labels: Only alerts that carry these.

        Raises:
            SourceDown: If no peer answers.
        """
        params = (
            ("receiver", re.escape(self._receiver)),
            *(("filter", f"{name}={_quoted(value)}") for name, value in (labels or {}).items()),
        )
        answers = await asyncio.gather(
            *(peer.call("GET", "/api/v2/alerts", params=params) for peer in self._peers),
            return_exceptions=True,
        )
        failed = [answer for answer in answers if isinstance(answer, BaseException)]
        for error in failed:
            if not isinstance(error, SourceDown):
                raise error
            log.warning("alertmanager_silent", error=str(error))
        if len(failed) == len(self._peers):
            raise SourceDown(" ".join(map(str, failed)))
        return _union(_held(answer) for answer in answers if not isinstance(answer, BaseException))

    async def create_silence(
        self, matchers: Mapping[str, str], ends_at: datetime, created_by: str, comment: str
    ) -> str:
        """Silence what carries exactly these labels; one like it that is there already is taken instead.

        So it may be repeated where the answer was lost: `comment` should name the incident.

        Args:
            matchers: Label name to value.
            ends_at: When it ends by itself, on Alertmanager's clock.
            created_by: Who, for people to read.
            comment: Why, for people to read.

        Returns:
            The silence's id.

        Raises:
            SourceDown: If no peer takes it.
        """
        body = {
            "matchers": [
                {"name": name, "value": value, "isRegex": False, "isEqual": True}
                for name, value in matchers.items()
            ],
            "startsAt": LONG_AGO.isoformat(),
            "endsAt": ends_at.isoformat(),
            "createdBy": created_by,
            "comment": comment,
        }

        async def create(peer: JsonApi) -> str:
            there = await peer.call("GET", "/api/v2/silences")
            for silence in _checked(peer, lambda: [_Silence.model_validate(each) for each in there]):
                if _is_like(silence, matchers, created_by, comment):
                    return silence.id
            made = await peer.call("POST", "/api/v2/silences", body=body)
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

    async def silence(self, silence_id: str) -> Silence | None:
        """A silence as it stands; `None` where there is none of this id.

        Raises:
            SourceDown: If no peer answers.
        """
        found = await self._first_that_answers(lambda peer: _silence(peer, silence_id))
        if found is None:
            return None
        return Silence(
            id=found.id,
            active=found.status.state != ENDED,
            ends_at=found.ends_at,
            created_by=found.created_by,
            comment=found.comment,
        )

    async def _first_that_answers(self, ask: Callable[[JsonApi], Awaitable[T]]) -> T:
        """Peers tell each other of silences, so any one will do."""
        errors = []
        for peer in self._peers:
            try:
                return await ask(peer)
            except SourceDown as error:
                errors.append(str(error))
        raise SourceDown(" ".join(errors))


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _held(answer: object) -> list[Held]:
    """A peer's alerts; one that cannot be read is left out, and said in the log."""
    held = []
    for raw in answer if isinstance(answer, list) else []:
        try:
            said = _Alert.model_validate(raw)
            alert = Alert.model_validate(
                {**said.model_dump(exclude={"status"}), "status": "firing", "ends_at": STILL_FIRING}
            )
        except ValidationError as error:
            log.warning("alert_unreadable", error=str(error))
            continue
        held.append(Held(alert, suppressed=said.status.state == "suppressed"))
    return held


def _union(peers: Iterable[list[Held]]) -> tuple[Held, ...]:
    """By fingerprint: as early as any peer says, and suppressed only where every peer says so."""
    union: dict[str, Held] = {}
    for held in (each for peer in peers for each in peer):
        other = union.setdefault(held.alert.fingerprint, held)
        union[held.alert.fingerprint] = Held(
            min(held.alert, other.alert, key=lambda alert: alert.starts_at),
            suppressed=held.suppressed and other.suppressed,
        )
    return tuple(union.values())


def _checked(peer: JsonApi, read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValidationError, KeyError, TypeError) as error:
        raise SourceDown(f"{peer.name} answers in a shape that is not of its v2 API.") from error


async def _silence(peer: JsonApi, silence_id: str) -> _Silence | None:
    try:
        answer = await peer.call("GET", f"/api/v2/silence/{silence_id}")
    except SourceDown as error:
        if error.status == NO_SUCH_SILENCE:
            return None
        raise
    return _checked(peer, lambda: _Silence.model_validate(answer))


def _is_like(silence: _Silence, matchers: Mapping[str, str], created_by: str, comment: str) -> bool:
    theirs = {(each.name, each.value, each.is_regex, each.is_equal) for each in silence.matchers}
    return (
        silence.status.state != ENDED
        and (silence.created_by, silence.comment) == (created_by, comment)
        and theirs == {(name, value, False, True) for name, value in matchers.items()}
    )
