"""The Web API's methods which only read: conversations, users, user groups, team, auth."""

from collections.abc import Sequence

from lab.slack.chat_methods import postable_channel
from lab.slack.directory import Channel
from lab.slack.limits import SlackRefusalError
from lab.slack.message_json import message_json
from lab.slack.shapes import Json
from lab.slack.workspace import Message, Workspace


def auth_test(workspace: Workspace, request: Json) -> Json:
    """auth.test."""
    directory = workspace.directory
    return {
        "url": f"{workspace.url}/",
        "team": directory.team_name,
        "team_id": directory.team_id,
        "user": directory.bot.name,
        "user_id": directory.bot.id,
        "bot_id": directory.bot_id,
        "is_enterprise_install": False,
    }


def team_info(workspace: Workspace, request: Json) -> Json:
    """team.info."""
    directory = workspace.directory
    team = {"id": directory.team_id, "name": directory.team_name, "domain": directory.team_domain}
    return {"team": team | {"url": f"{workspace.url}/"}}


def conversations_info(workspace: Workspace, request: Json) -> Json:
    """conversations.info; takes ids only, as Slack does."""
    return {"channel": _channel_by_id(workspace, request).to_slack(workspace.directory.bot.id)}


def conversations_list(workspace: Workspace, request: Json) -> Json:
    """conversations.list."""
    bot_id = workspace.directory.bot.id
    wants_im = "im" in str(request.get("types") or "public_channel").split(",")
    shown = [channel for channel in workspace.directory.channels if not channel.is_im or wants_im]
    return _page(request, "channels", [channel.to_slack(bot_id) for channel in shown])


def conversations_members(workspace: Workspace, request: Json) -> Json:
    """conversations.members."""
    return _page(request, "members", _channel_by_id(workspace, request).member_ids)


def conversations_open(workspace: Workspace, request: Json) -> Json:
    """conversations.open for one person: the direct message, which always exists here."""
    if workspace.directory.user(request.get("users")) is None:
        raise SlackRefusalError("user_not_found")
    return {"channel": {"id": workspace.channel(request["users"]).id}}


def conversations_history(workspace: Workspace, request: Json) -> Json:
    """conversations.history: parents only, newest first."""
    channel = postable_channel(workspace, _channel_by_id(workspace, request).id)
    messages = [
        message
        for message in reversed(workspace.messages)
        if message.channel_id == channel.id and not message.is_reply and message.ephemeral_to is None
    ]
    return _messages(workspace, request, messages)


def conversations_replies(workspace: Workspace, request: Json) -> Json:
    """conversations.replies: the parent, then the replies, oldest first."""
    channel = postable_channel(workspace, _channel_by_id(workspace, request).id)
    try:
        parent = workspace.message(channel.id, request.get("ts"))
    except SlackRefusalError as error:
        raise SlackRefusalError("thread_not_found") from error
    return _messages(workspace, request, [parent, *workspace.replies(channel.id, parent.ts)])


def users_info(workspace: Workspace, request: Json) -> Json:
    """users.info; takes ids only."""
    user = workspace.user(request.get("user"))
    if user.id != request.get("user"):
        raise SlackRefusalError("user_not_found")
    return {"user": user.to_slack(workspace.directory.team_id)}


def users_list(workspace: Workspace, request: Json) -> Json:
    """users.list."""
    directory = workspace.directory
    return _page(request, "members", [user.to_slack(directory.team_id) for user in directory.users])


def usergroups_list(workspace: Workspace, request: Json) -> Json:
    """usergroups.list."""
    groups = []
    for group in workspace.directory.groups:
        wire: Json = {"id": group.id, "handle": group.handle, "name": group.name, "is_usergroup": True}
        wire["team_id"] = workspace.directory.team_id
        if is_true(request.get("include_users")):
            wire["users"] = list(group.user_ids)
        groups.append(wire)
    return {"usergroups": groups}


def usergroups_users_list(workspace: Workspace, request: Json) -> Json:
    """usergroups.users.list."""
    for group in workspace.directory.groups:
        if group.id == request.get("usergroup"):
            return {"users": list(group.user_ids)}
    raise SlackRefusalError("no_such_subteam")


def is_true(value: object) -> bool:
    """A flag as JSON or forms carry it."""
    return value in (True, 1, "1", "true", "True")


def _channel_by_id(workspace: Workspace, request: Json) -> Channel:
    channel = workspace.channel(request.get("channel"))
    if channel.id != request.get("channel"):
        raise SlackRefusalError("channel_not_found")
    return channel


def _messages(workspace: Workspace, request: Json, messages: list[Message]) -> Json:
    oldest, latest = str(request.get("oldest") or "0"), str(request.get("latest") or "9" * 12)
    at_edges = is_true(request.get("inclusive"))
    inside = [
        message_json(workspace, message, with_metadata=is_true(request.get("include_all_metadata")))
        for message in messages
        if float(oldest) < float(message.ts) < float(latest) or (at_edges and message.ts in (oldest, latest))
    ]
    return _page(request, "messages", inside)


def _page(request: Json, name: str, everything: Sequence[object]) -> Json:
    """One page by `limit` and `cursor`; the cursor is the offset of the next item."""
    try:
        start, limit = int(request.get("cursor") or 0), min(int(request.get("limit") or 100), 1000)
    except ValueError as error:
        raise SlackRefusalError("invalid_arguments") from error
    end = start + limit
    more = end < len(everything)
    return {
        name: list(everything[start:end]),
        "has_more": more,
        "response_metadata": {"next_cursor": str(end) if more else ""},
    }
