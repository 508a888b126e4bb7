"""Everything that the demo and the end-to-end tests play on: cluster, workspace, alerting, Redis, the bot."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.alerting import Alerting, Delivery
from lab.alerting.prometheus import real_alerting
from lab.bot_files import write_bot_files
from lab.cluster.cluster import Lab
from lab.cluster.process import Process
from lab.layout import Address
from lab.node.settings import MetricsShape
from lab.redis_server import redis_url
from lab.slack.app.manifest import SHIPPED_MANIFEST, AppManifest
from lab.slack.server import SlackWorkspaceServer

ALERTS_SPEED = 10.0
"""The shipped rules wait 30 s; in the lab every `for` and every range is a tenth of it."""

CHANNEL = "neumann-incidents"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stage:
    """What runs. `deliveries` are the webhooks that were sent, where the lab's own watcher sends them."""

    lab: Lab
    slack: SlackWorkspaceServer
    bot: Process
    bot_url: str
    config: Path
    webhook_token: str
    deliveries: Sequence[Delivery]


@asynccontextmanager
async def stage(
    folder: Path,
    say: Say,
    *,
    page_port: int = 0,
    with_prometheus: bool = False,
    metrics_shape: MetricsShape = "state_label",
    runbooks: Sequence[str] = (),
) -> AsyncIterator[Stage]:
    """Start everything in a folder; on leaving, stop it all.

    Raises:
        LabError, NoRedisError, RealAlertingError: With a sentence that names the mend.
    """
    async with AsyncExitStack() as parts:
        say("Redis")
        redis = await parts.enter_async_context(redis_url(folder / "redis"))
        say("the Slack workspace")
        slack = await parts.enter_async_context(
            SlackWorkspaceServer(
                port=page_port, manifest=AppManifest.read(SHIPPED_MANIFEST), has_rate_limits=True
            )
        )
        say("three nodes, an agent beside each")
        lab = await parts.enter_async_context(Lab(folder / "cluster", metrics_shape=metrics_shape))
        say("the bot")
        bot, bot_url, config, token = await _start_bot(
            parts, folder / "bot", lab, slack, redis, runbooks=runbooks
        )
        say(
            "the alerts" + (" of the shipped rules in Prometheus and Alertmanager" if with_prometheus else "")
        )
        deliveries = await _start_alerting(
            parts, folder, lab, bot_url, token, with_prometheus=with_prometheus
        )
        yield Stage(lab, slack, bot, bot_url, config, token, deliveries)


async def _start_bot(
    parts: AsyncExitStack,
    folder: Path,
    lab: Lab,
    slack: SlackWorkspaceServer,
    redis: str,
    *,
    runbooks: Sequence[str],
) -> tuple[Process, str, Path, str]:
    listen, directory = _free_address(), slack.workspace.directory
    channel = directory.channel(CHANNEL)
    config, token = write_bot_files(
        folder,
        lab,
        listen=listen,
        redis_url=redis,
        slack={
            "bot_token": slack.bot_token,
            "signing_secret": slack.signing_secret,
            "api_url": f"{slack.url}/api/",
        },
        channel=channel.id if channel else CHANNEL,
        confirm_groups=[directory.on_call.id],
        runbooks=runbooks,
    )
    argv = (sys.executable, "-m", "bot", "serve", "--config", str(config))
    bot = Process("neumann-bot", argv, folder / "bot.out")
    await bot.start()
    parts.push_async_callback(bot.stop)
    await bot.until_listening(listen)
    url = f"http://{listen}"
    slack.bot_request_url = f"{url}/slack/events"
    return bot, url, config, token


async def _start_alerting(
    parts: AsyncExitStack, folder: Path, lab: Lab, bot_url: str, token: str, *, with_prometheus: bool
) -> Sequence[Delivery]:
    nodes = {node.name: node.metrics_url for node in lab.nodes}
    webhook_url = f"{bot_url}/alertmanager/{lab.cluster}"
    if with_prometheus:
        await parts.enter_async_context(
            real_alerting(
                folder / "prometheus",
                lab.cluster,
                nodes,
                webhook_url,
                token,
                speed=ALERTS_SPEED,
                bot_url=bot_url,
            )
        )
        return ()
    alerting = Alerting(lab.cluster, nodes, webhook_url, token, speed=ALERTS_SPEED)
    running = asyncio.create_task(alerting.run())
    parts.push_async_callback(_cancel, running)
    return alerting.deliveries


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _free_address() -> Address:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host, port = listening.getsockname()[:2]
    return Address(host, port)
