"""Read the configuration of a running bot again, and every secret that it names."""

from __future__ import annotations

import os
from pathlib import Path

from bot.cli.config_doubts import unreadable_secrets
from bot.config import Settings, load
from bot.config.problems import Places, UnusableConfiguration


def reread(config: Path) -> Settings:
    """Return the configuration as it is now, each secret of which can be read.

    Raises:
        UnusableConfiguration: With everything that its values cannot be, and each secret that cannot be read.
        ConfigurationError: One sentence, where there are none to look at.
    """
    settings = load(config)
    places = Places(config, config.read_text(), os.environ)
    if found := tuple(places.problem(at, what) for at, what in unreadable_secrets(settings)):
        raise UnusableConfiguration(found)
    return settings
