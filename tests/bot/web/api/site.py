"""The read-only ways on a socket of their own, over the handlers' world."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from bot.config.read_only import Scope
from bot.read_only.shared_reader import shared
from bot.web.api.app import api
from bot.web.api.openapi import ROOT
from bot.web.api.tokens import Caller, RequestRate, Tokens
from bot.web.entrance import Entrance
from bot.web.status_page.endpoint import StatusPage
from handlers.ports import ReadOnlyPorts
from tests.bot.web.serving import serve
from tests.handlers.world import World

ALL = "the-token-of-the-dashboard"
NARROW = {scope: f"only-{scope.name.lower()}-with-this-token" for scope in Scope}
TOKENS = Tokens(
    [
        (Caller("dashboard", frozenset(Scope)), ALL),
        *((Caller(scope.name, frozenset({scope})), token) for scope, token in NARROW.items()),
    ]
)
AT = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


def bearer(token: str = ALL) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@dataclass
class Stopwatch:
    """Time that passes when the test says so."""

    at_s: float = 0.0

    def __call__(self) -> float:
        return self.at_s


@dataclass(frozen=True)
class ReadOnlySite:
    """A client of the ways in, the world behind them, and their stopwatch."""

    http: httpx.AsyncClient
    world: World
    watch: Stopwatch = field(default_factory=Stopwatch)

    async def get(self, path: str, token: str = ALL, **headers: str) -> httpx.Response:
        return await self.http.get(f"{ROOT}{path}", headers={**bearer(token), **headers})


@dataclass(frozen=True)
class Door:
    """A port, and a client of whatever stands behind it."""

    entrance: Entrance
    http: httpx.AsyncClient


@asynccontextmanager
async def open_door() -> AsyncIterator[Door]:
    entrance = Entrance()
    async with serve(entrance) as url, httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as http:
        yield Door(entrance, http)


@asynccontextmanager
async def open_site(
    door: Door, world: World, *, per_min: int = 1000, page: str = "token"
) -> AsyncIterator[ReadOnlySite]:
    watch = Stopwatch()
    rate = RequestRate(per_min, watch)
    async with shared(world.cluster, watch) as reader:
        ports = ReadOnlyPorts(world.timelines, world.timelines, reader, world.postures)
        shown = StatusPage(ports, "open" if page == "open" else "token", TOKENS, rate, lambda: AT)
        routes = [Mount(ROOT, app=api(ports, TOKENS, rate)), Route("/status", shown.status_page)]
        door.entrance.lead_to(Starlette(routes=routes))
        yield ReadOnlySite(door.http, world, watch)
