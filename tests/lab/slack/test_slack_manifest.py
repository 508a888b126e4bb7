"""The shipped manifest is what the workspace installs the app from."""

from pathlib import Path

from lab.slack.app.manifest import SHIPPED_MANIFEST, AppManifest
from lab.slack.methods.table import METHODS


def test_the_shipped_manifest_is_read() -> None:
    manifest = AppManifest.read(SHIPPED_MANIFEST)
    assert manifest.commands == ("/neumann",)
    assert manifest.scopes is not None
    assert {"chat:write", "commands", "users:read", "usergroups:read"} <= manifest.scopes


def test_every_part_of_a_manifest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "manifest.yaml"
    path.write_text(
        """
features:
  app_home: {home_tab_enabled: true}
  slash_commands: [{command: /neumann}, {command: /leader}]
  shortcuts: [{name: Explain, type: message, callback_id: explain}]
oauth_config: {scopes: {bot: [chat:write]}}
settings: {event_subscriptions: {bot_events: [message.channels]}}
"""
    )
    manifest = AppManifest.read(path)
    assert manifest.commands == ("/neumann", "/leader")
    assert (manifest.has_home, manifest.scopes) == (True, frozenset({"chat:write"}))
    assert [(each.name, each.kind, each.callback_id) for each in manifest.shortcuts] == [
        ("Explain", "message", "explain")
    ]
    assert manifest.hears_of("message", "channel")
    assert not manifest.hears_of("message", "im")
    assert not manifest.hears_of("app_mention", "channel")


def test_every_method_that_writes_or_reads_messages_needs_a_scope() -> None:
    free = {name for name, method in METHODS.items() if method.scope is None}
    assert free == {
        "apps.connections.open",
        "auth.test",
        "chat.getPermalink",
        "views.open",
        "views.publish",
    }
