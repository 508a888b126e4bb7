"""Slack, Redis and the agents beyond what `neumann-bot check` asks: scopes, clocks, persistence, versions."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from email.utils import parsedate_to_datetime

from bot.doctor.patient import Patient
from bot.evidence_tables import unread
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
        yield Examined("Slack", "the token's scopes", not_read="Slack does not say which it has")
    try:
        ahead_s = time.time() - parsedate_to_datetime(str(headers.get("date"))).timestamp()
    except ValueError:
        yield Examined("Slack", "this host's clock against Slack's", not_read="its answer has no date")
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
        evidence = await reader.read(cluster.name)
        yield rooms(evidence)
        for finding in readings(evidence):
            yield finding


def readings(evidence: Evidence) -> Iterator[Examined]:
    """Yield whether everything was read of every node, and else what was not, and why."""
    cluster, missing = evidence.cluster, unread(evidence)
    for (what, why), names in missing.items():
        yield Examined("Readings", f"{what} of {listed(names, 5)} of {cluster}", not_read=why)
    if not missing:
        yield Examined("Readings", f"all that agents and pages of {cluster} tell was read")


def rooms(evidence: Evidence) -> Examined:
    """Return whether every node can write its log of record; often its agent's ledger is on the same disk."""
    wrong = [f"{node.node}: {listed(why_no_room(node), 5)}" for node in evidence.nodes if lacks_room(node)]
    unknown = [node.node for node in evidence.nodes if node.disk.value is None]
    if wrong:
        mend = f"of {evidence.cluster}, {'; '.join(wrong[:5])}: repair that disk, or make room on it"
        return Examined("Disks", "", mend)
    if unknown:
        why = f"no agent read that of {listed(unknown, 5)}"
        return Examined("Disks", f"room on the disks of {evidence.cluster}", not_read=why)
    can = f"{counted(len(evidence.nodes), 'node')} of {evidence.cluster} can write the log of record"
    return Examined("Disks", can)


def versions(cluster: str, inventory: Inventory) -> Examined:
    """Return whether the agents that told their version run the bot's."""
    agents, told = len(inventory.sites), inventory.agent_versions
    other = sorted(f"{name} {each}" for name, each in told.items() if each != inventory.bot_version)
    if other:
        wrong = f"the bot runs {inventory.bot_version}, but {listed(other, 5)}: finish the upgrade"
        return Examined("Agents", "", wrong)
    if untold := sorted(inventory.sites.keys() - told.keys()):
        why = f"{listed(untold, 5)} told none"
        return Examined("Agents", f"versions of the agents of {cluster}", not_read=why)
    return Examined("Agents", f"{agents} agents of {cluster} run {inventory.bot_version}")
