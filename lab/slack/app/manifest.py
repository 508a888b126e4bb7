"""The app as it is installed: what its manifest asks for is what Slack grants, sends and shows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import yaml

SHIPPED_MANIFEST = Path(__file__).parents[3] / "deploy" / "slack-manifest.yaml"


@dataclass(frozen=True)
class Shortcut:
    """An entry of the app in a message's menu, or in the menu of the box one writes in ("global")."""

    name: str
    callback_id: str
    kind: Literal["message", "global"]


@dataclass(frozen=True)
class AppManifest:
    """What the app may do and hears of. `scopes` None grants every scope."""

    scopes: frozenset[str] | None = None
    bot_events: frozenset[str] = frozenset({"app_mention"})
    commands: tuple[str, ...] = ("/neumann",)
    shortcuts: tuple[Shortcut, ...] = ()
    has_home: bool = True
    has_messages_tab: bool = True

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read an app manifest in YAML, as Slack's "Create New App" takes it."""
        document = yaml.safe_load(path.read_text())
        features, settings = document.get("features", {}), document.get("settings", {})
        shortcuts = tuple(
            Shortcut(each["name"], each["callback_id"], each["type"])
            for each in features.get("shortcuts", ())
        )
        return cls(
            scopes=frozenset(document["oauth_config"]["scopes"].get("bot", ())),
            bot_events=frozenset((settings.get("event_subscriptions") or {}).get("bot_events", ())),
            commands=tuple(each["command"] for each in features.get("slash_commands", ())),
            shortcuts=shortcuts,
            has_home=bool((features.get("app_home") or {}).get("home_tab_enabled")),
            has_messages_tab=bool((features.get("app_home") or {}).get("messages_tab_enabled")),
        )

    def hears_of(self, kind: str, channel_type: str = "") -> bool:
        """Return whether the app subscribes to an event: by its type, for messages by their place."""
        places = {"im": "message.im", "channel": "message.channels"}
        return kind in self.bot_events or (kind == "message" and places.get(channel_type) in self.bot_events)
