"""Who is on call by a schedule in PagerDuty."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import httpx
from pydantic import AwareDatetime, BaseModel, ValidationError

from bot.config.escalation import PagerDutyScheduleSettings
from bot.paging.call import Route
from bot.paging.people import known
from handlers.domain.escalation.on_call import Shift
from handlers.errors import PageNotTaken, SourceDown


class _User(BaseModel):
    id: str
    summary: str = ""
    name: str = ""
    email: str = ""


class _OnCall(BaseModel):
    user: _User
    escalation_level: int = 1
    end: AwareDatetime | None = None


class _Answer(BaseModel):
    oncalls: tuple[_OnCall, ...]


class PagerDutySchedule:
    """`handlers.ports.OnCallSchedule` over PagerDuty's on-call API."""

    def __init__(
        self, settings: PagerDutyScheduleSettings, people: Mapping[str, str], http: httpx.AsyncClient
    ) -> None:
        headers = {
            "Authorization": f"Token token={settings.token.read().get_secret_value()}",
            "Accept": "application/vnd.pagerduty+json;version=2",
        }
        self._route = Route("PagerDuty", settings.url.rstrip("/"), settings.timeout_s, http, headers)
        self._path = f"/oncalls?schedule_ids%5B%5D={settings.schedule}&include%5B%5D=users&limit=25"
        self._people = people

    async def shift(self, now: datetime) -> Shift | None:
        """Return who is on call at the moment: PagerDuty answers by its own clock.

        Raises:
            SourceDown: If it does not answer, refuses, or names somebody whom `people` does not know.
        """
        try:
            answer = _Answer.model_validate_json((await self._route.call("GET", self._path)).body)
        except PageNotTaken as error:
            raise SourceDown(str(error)) from error
        except ValidationError as error:
            raise SourceDown(f"{self._route.where} answers in a shape that is not of its API.") from error
        if not answer.oncalls:
            return None
        first = min(answer.oncalls, key=lambda each: each.escalation_level)
        user = first.user
        who = known((user.id, user.email, user.name, user.summary), self._people)
        if who is None:
            raise SourceDown(
                f"PagerDuty says that {user.summary or user.id} is on call, whom [escalation.on_call] people"
                " does not know."
            )
        return Shift(name=who[0], user=who[1], until=first.end)
