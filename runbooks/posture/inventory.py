"""What the configuration says of where nodes are, and what their agents say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Site:
    """Where a node is: the machine and the availability zone; empty where the configuration does not say."""

    host: str = ""
    zone: str = ""


@dataclass(frozen=True)
class Inventory:
    """A cluster's sites by node.

    `agent_versions` are those of the agents that have told one; `bot_version` is the bot's own.
    """

    sites: Mapping[str, Site] = field(default_factory=dict)
    agent_versions: Mapping[str, str] = field(default_factory=dict)
    bot_version: str = ""
