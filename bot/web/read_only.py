"""Make the ways in for those who may only read, as far as the configuration opens them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.types import ASGIApp

from bot.config.read_only import ApiSettings, StatusPageSettings
from bot.web.api.app import api
from bot.web.api.tokens import RequestRate, Tokens
from bot.web.status_page.endpoint import Page, StatusPage
from handlers.ports import ReadPorts


@dataclass(frozen=True)
class ReadOnlyWays:
    """The API and the status page; `None` is one that is off."""

    api: ASGIApp | None = None
    status_page: Page | None = None

    @classmethod
    def of(
        cls,
        settings: ApiSettings,
        page: StatusPageSettings,
        ports: ReadPorts,
        now: Callable[[], datetime],
    ) -> ReadOnlyWays:
        """Make what is configured.

        Raises:
            ConfigurationError: If a token cannot be used.
        """
        tokens, rate = Tokens.of(settings), RequestRate(settings.requests_per_min)
        return cls(
            api=api(ports, tokens, rate) if settings.tokens else None,
            status_page=None
            if page.access == "off"
            else StatusPage(ports, page.access, tokens, rate, now).status_page,
        )
