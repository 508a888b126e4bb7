"""The scopes of the app's manifest, and what the bot does with each."""

from __future__ import annotations

SCOPES = {
    "commands": "answer /neumann",
    "chat:write": "post and edit threads",
    "channels:history": "find a message whose answer was lost, in public channels",
    "groups:history": "the same in private channels",
    "app_mentions:read": "hear its name in a thread",
    "reactions:read": "note a message that somebody pins",
    "files:write": "put pictures and reports into a thread",
    "canvases:write": "write a report as a canvas",
    "users:read": "see who confirms",
    "usergroups:read": "see who is in the group that may confirm",
}
