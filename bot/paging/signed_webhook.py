"""Page through a webhook of one's own, signed over its timestamp and body."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable

import httpx

from bot.config.escalation import PagingWebhookSettings
from bot.paging.call import Route
from handlers.ports.escalation import Page

TIMESTAMP, SIGNATURE, DELIVERY = "X-Neumann-Timestamp", "X-Neumann-Signature", "X-Neumann-Delivery"


class SignedWebhook:
    """`handlers.ports.Pager` over any server; the same `X-Neumann-Delivery` is the same page, once more."""

    def __init__(
        self,
        settings: PagingWebhookSettings,
        http: httpx.AsyncClient,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._route = Route("The webhook", settings.url, settings.timeout_s, http)
        self._secret = settings.secret.read().get_secret_value().encode()
        self._now_s = now_s

    async def send(self, page: Page) -> None:
        """Post it.

        Raises:
            PageNotTaken: If it does not answer 2xx.
        """
        body = json.dumps(
            {
                "delivery": page.delivery,
                "key": page.key,
                "act": page.act.value,
                "tier": page.tier,
                "cluster": page.cluster,
                "severity": page.severity,
                "summary": page.summary,
                "alerts": list(page.alerts),
                "opened_at": page.opened_at.isoformat(),
                "by": page.by,
            },
            sort_keys=True,
        ).encode()
        stamp = str(int(self._now_s()))
        headers = {
            TIMESTAMP: stamp,
            SIGNATURE: f"v1={signature(self._secret, stamp, body)}",
            DELIVERY: page.delivery,
        }
        await self._route.call("POST", "", body=body, headers=headers)


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256 over the timestamp, a full stop and the body, in hexadecimal."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
