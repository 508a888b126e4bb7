"""The version of what is installed here: agent and bot are one package."""

from importlib import metadata


def version() -> str:
    """Return the installed version, or `unknown` where the code runs without having been installed."""
    try:
        return metadata.version("neumann-bot")
    except metadata.PackageNotFoundError:
        return "unknown"
