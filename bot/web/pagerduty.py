"""PagerDuty's V3 webhook: an acknowledgement there is one here."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable

import structlog
from pydantic import AwareDatetime, BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.config.escalation import EscalationSettings
from bot.http.capped_body import TooLargeError, read_capped
from handlers.domain.events.base import Person
from handlers.errors import Quarantined, StoreDown
from shared.sanitize import plain

log = structlog.get_logger()

HEADER = "x-pagerduty-signature"
MAX_BODY_BYTES = 262_144
ACKNOWLEDGED = "incident.acknowledged"
PERSON = "user_reference"
"""The type of an agent that is a person; nobody else can have an incident."""

MAX_NAME_CHARS = 80
NOTHING = "There is nothing in it for the bot."

Acknowledge = Callable[[str, Person, AwareDatetime], Awaitable[str | None]]
"""Acknowledges the incident of a key; returns its id, or `None` where there is nothing to acknowledge."""


class _Agent(BaseModel):
    """Who did it there: a person, or the service that the Events API was told through."""

    id: str = ""
    type: str = ""
    summary: str = ""


class _Incident(BaseModel):
    incident_key: str | None = None


class _Event(BaseModel):
    event_type: str
    occurred_at: AwareDatetime
    agent: _Agent | None = None
    data: _Incident = _Incident()


class _Delivery(BaseModel):
    event: _Event


class PagerDutyWebhook:
    """The route `/pagerduty`. Its signatures alone say who calls: PagerDuty sends no timestamp with them.

    So a delivery may be repeated by whoever has seen it; it acknowledges an incident that nobody has, and
    that is all it can do.
    """

    def __init__(self, secrets: Iterable[str], acknowledge: Acknowledge) -> None:
        self._secrets = tuple(secret.encode() for secret in secrets)
        self._acknowledge = acknowledge

    @classmethod
    def of(cls, settings: EscalationSettings, acknowledge: Acknowledge) -> PagerDutyWebhook | None:
        """Make it where a secret of a subscription is configured; without one nobody could be believed.

        Raises:
            ConfigurationError: If a secret cannot be read.
        """
        secrets = settings.pagerduty.webhook_secrets if settings.pagerduty else ()
        read = [secret.read().get_secret_value() for secret in secrets]
        return cls(read, acknowledge) if read else None

    async def pagerduty(self, request: Request) -> Response:
        """Acknowledge what was acknowledged there; 5xx lets PagerDuty send it again."""
        try:
            body = await read_capped(request, MAX_BODY_BYTES)
        except TooLargeError:
            return PlainTextResponse("The body is too large.", status_code=413)
        if not self.is_signed(body, request.headers.get(HEADER, "")):
            log.warning("pagerduty_not_believed")
            return PlainTextResponse("The signature is missing or wrong.", status_code=401)
        try:
            return PlainTextResponse(await self._taken(body))
        except StoreDown as error:
            return PlainTextResponse(str(error), status_code=503)

    async def _taken(self, body: bytes) -> str:
        """Return what came of a delivery; a ping, and every other kind of event, changes nothing."""
        try:
            event = _Delivery.model_validate_json(body).event
        except ValidationError:
            return NOTHING
        key, agent = event.data.incident_key, event.agent
        if event.event_type != ACKNOWLEDGED or not key:
            return NOTHING
        if agent is None or agent.type != PERSON:  # the bot's own `acknowledge` comes back as the service's
            return NOTHING
        try:
            taken = await self._acknowledge(key, _person(agent), event.occurred_at)
        except Quarantined as error:
            return str(error)
        if taken:
            log.info("acknowledged_in_pagerduty", incident=taken)
        return "taken" if taken else NOTHING

    def is_signed(self, body: bytes, header: str) -> bool:
        """Return whether one of the header's signatures is by one of the secrets: each may be in exchange."""
        given = [part.strip().removeprefix("v1=") for part in header[:2_000].split(",") if "v1=" in part]
        wanted = [hmac.new(secret, body, hashlib.sha256).hexdigest() for secret in self._secrets]
        return any(
            hmac.compare_digest(one.encode(), other.encode()) for one in given[:10] for other in wanted
        )


def _person(agent: _Agent) -> Person:
    name = plain(agent.summary, limit=MAX_NAME_CHARS) or "Somebody"
    return Person(id=f"pagerduty:{plain(agent.id, limit=40)}", name=f"{name} (PagerDuty)")
