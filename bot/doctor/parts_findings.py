"""Slack, Redis and the agents beyond what `neumann-bot check` asks: scopes, clocks, persistence, versions."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime

from bot.doctor.patient import Patient
from bot.slack.delivery.web_api import FAILURES
from bot.slack.scopes import SCOPES
from bot.store.errors import store_errors
from handlers.errors import ConfigurationError, StoreDown
from handlers.ports.doctor import Examined
from runbooks.evidence import Evidence
from runbooks.log_room import lacks_room, why_no_room
from runbooks.posture.inventory import Inventory
from runbooks.wording import counted, listed

MAX_CLOCK_DIFFERENCE_S = 60.0
"""Slack's requests are refused from 300 s on; whoever is a minute off will get there."""


async def slack_findings(patient: Patient) -> AsyncIterator[Examined]:
    """Yield whether the token has every scope that the bot uses, and whether the host's clock is Slack's."""
    if isinstance(patient.slack, ConfigurationError):
        return  # `check` has said so
    try:
        answer = await patient.slack.auth_test()
    except FAILURES:
        return  # `check` has said so
    headers = {name.lower(): value for name, value in answer.headers.items()}
    granted = {scope.strip() for scope in str(headers.get("x-oauth-scopes", "")).split(",") if scope.strip()}
    if granted:
        missing = sorted(SCOPES.keys() - granted)
        uses = "; ".join(f"{scope} ({SCOPES[scope]})" for scope in missing)
        wrong = f"the token lacks {uses}: reinstall the app with deploy/slack-manifest.yaml"
        yield Examined("Slack", f"the token has all {len(SCOPES)} scopes", wrong if missing else None)
    else:
        yield Examined("Slack", "Slack does not say which scopes the token has")
    try:
        ahead_s = time.time() - parsedate_to_datetime(str(headers.get("date"))).timestamp()
    except ValueError:
        return
    wrong = f"this host's clock is {ahead_s:+.0f} s off Slack's; from 300 s on every click is refused: set it"
    off = abs(ahead_s) > MAX_CLOCK_DIFFERENCE_S
    yield Examined("Slack", "this host's clock agrees with Slack's", wrong if off else None)


async def redis_findings(patient: Patient) -> AsyncIterator[Examined]:
    """Yield whether Redis would survive a crash."""
    try:
        async with store_errors():
            info = await patient.redis.info("persistence")
    except StoreDown:
        return  # `check` has said so
    wrong = "it runs without appendonly, so a crash loses incidents: set `appendonly yes`"
    yield Examined("Redis", "appends to a file", None if int(info.get("aof_enabled", 0)) else wrong)


async def node_findings(patient: Patient) -> AsyncIterator[Examined]:
    """Yield whether every metrics page and agent answers, and which version the agents run."""
    reader, agents = patient.reader, patient.agents
    if isinstance(agents, ConfigurationError):
        silent, asked = await reader.silent_pages(), "every metrics page"
    else:
        silent, asked = await reader.silent(), "every metrics page and every agent"
    for sentence in silent:
        yield Examined("Nodes", "", f"{sentence}: see `neumann-agent check` on that node")
    if not silent:
        yield Examined("Nodes", f"{asked} answers")
    if isinstance(agents, ConfigurationError):
        yield Examined("Agents", "agents, their versions and disks", not_asked=str(agents))
        return
    for cluster in patient.settings.clusters:
        await agents.seen_fences(cluster.name)  # any answer tells the version
        yield versions(cluster.name, reader.inventory(cluster.name))
        yield rooms(await reader.read(cluster.name))


def rooms(evidence: Evidence) -> Examined:
    """Return whether every node can write its log of record; often its agent's ledger is on the same disk."""
    wrong = [f"{node.node}: {listed(why_no_room(node), 5)}" for node in evidence.nodes if lacks_room(node)]
    read = sum(node.disk.value is not None for node in evidence.nodes)
    if not read:
        return Examined("Disks", f"disks of {evidence.cluster}", not_asked="no agent read one")
    what = f"{counted(read, 'node')} of {evidence.cluster} can write the log of record"
    mend = f"of {evidence.cluster}, {'; '.join(wrong[:5])}: repair that disk, or make room on it"
    return Examined("Disks", what, mend if wrong else None)


def versions(cluster: str, inventory: Inventory) -> Examined:
    """Return whether the agents that told their version run the bot's."""
    agents, told = len(inventory.sites), inventory.agent_versions
    if not told:
        return Examined("Agents", f"versions of {cluster}", not_asked=f"no agent of {agents} told a version")
    other = sorted(f"{name} {each}" for name, each in told.items() if each != inventory.bot_version)
    wrong = f"the bot runs {inventory.bot_version}, but {listed(other, 5)}: finish the upgrade"
    what = (
        f"{agents} agents of {cluster} run {inventory.bot_version}"
        if len(told) == agents
        else f"{len(told)} of {agents} agents of {cluster} told a version: {inventory.bot_version}"
    )
    return Examined("Agents", what, wrong if other else None)
