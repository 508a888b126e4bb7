"""The version of what is installed here: agent and bot are one package."""

from functools import cache
from importlib import metadata


@cache
def version() -> str:
    """Return the installed version, or `unknown` where the code runs without having been installed."""
    try:
        return metadata.version("neumann-bot")
    except metadata.PackageNotFoundError:
        return "unknown"
