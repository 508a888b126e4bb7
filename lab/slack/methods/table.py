"""The Web API methods that the bot calls: their scopes, and how often a minute each may be called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lab.slack.methods import chat, conversations, people, uploads, views
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace

# Calls a minute, from Slack's method pages; "special" ones have no published number, and pass.
TIER_2, TIER_3, TIER_4, SPECIAL = 20, 50, 100, None


@dataclass(frozen=True)
class Method:
    """One method. It is taken by GET with its arguments in the URL, or by POST; `takes_json` says what in."""

    call: Callable[[Workspace, Json], Json]
    scope: str | None
    calls_per_minute: int | None
    takes_json: bool = True


def open_connection(workspace: Workspace, request: Json) -> Json:
    """Answer apps.connections.open with the address of a socket, good for one connection."""
    return {"url": f"{workspace.socket_url}?ticket={workspace.socket_tickets.issue()}"}


APP_LEVEL_METHOD = "apps.connections.open"  # takes the app's own token (xapp-) in place of the bot's

METHODS: Mapping[str, Method] = {
    "apps.connections.open": Method(open_connection, None, SPECIAL),
    "auth.test": Method(people.auth_test, None, SPECIAL),
    "canvases.access.set": Method(uploads.set_canvas_access, "canvases:write", TIER_3),
    "canvases.create": Method(uploads.create_canvas, "canvases:write", TIER_2),
    "chat.delete": Method(chat.delete, "chat:write", TIER_3),
    "chat.getPermalink": Method(chat.get_permalink, None, SPECIAL, takes_json=False),
    "chat.postMessage": Method(chat.post_message, "chat:write", SPECIAL),
    "chat.update": Method(chat.update, "chat:write", TIER_3),
    "conversations.history": Method(conversations.history, "channels:history", TIER_3, takes_json=False),
    "conversations.replies": Method(conversations.replies, "channels:history", TIER_3, takes_json=False),
    "files.completeUploadExternal": Method(uploads.complete_upload, "files:write", TIER_4),
    "files.getUploadURLExternal": Method(uploads.get_upload_url, "files:write", TIER_4, takes_json=False),
    "usergroups.list": Method(people.usergroups_list, "usergroups:read", TIER_2, takes_json=False),
    "usergroups.users.list": Method(
        people.usergroups_users_list, "usergroups:read", TIER_2, takes_json=False
    ),
    "users.info": Method(people.users_info, "users:read", TIER_4, takes_json=False),
    "views.open": Method(views.open_view, None, TIER_4),
    "views.publish": Method(views.publish_view, None, TIER_4),
}
