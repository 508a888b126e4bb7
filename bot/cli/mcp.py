"""`neumann-bot mcp`: tools that only read, for the client of a language model."""

from __future__ import annotations

import asyncio

from bot import log_lines
from bot.cli.options import DEFAULT_CONFIG, ConfigOption
from bot.config import load
from handlers.errors import Refused


def mcp(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Answer a model's client over standard input and output (MCP); every tool only reads.

    It needs Redis and the bot's keys, no Slack. It serves whoever starts it until they hang up.
    """
    try:
        # Only here: nothing else of the bot needs the package.
        from bot.mcp.server import serve  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise Refused(
            f"{error.name} is not installed, which only this command needs: pip install"
            " 'neumann-bot[bot,mcp]'."
        ) from error
    log_lines.configure()
    asyncio.run(serve(load(config)))
