"""What one person sees, for the page to draw."""

from dataclasses import asdict

from lab.slack.access import signed_in
from lab.slack.directory import Channel, User
from lab.slack.faults import Fault
from lab.slack.message import Message
from lab.slack.message_json import message_json
from lab.slack.methods.table import METHODS
from lab.slack.methods.views import view_json
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


def page_state(workspace: Workspace, user_name: str) -> Json:
    """Return what one person sees; of a deactivated account, only that it is. Raises `SlackRefusalError`."""
    me = workspace.user(user_name)
    common = {
        "version": workspace.version,
        "team": workspace.directory.team_name,
        "me": me.id,
        "users": [user.to_slack() for user in workspace.directory.users],
        "groups": [asdict(group) for group in workspace.directory.groups],
        "methods": sorted(METHODS),
        "faults": [_fault(fault) for fault in workspace.faults.active],
        "every_channel": [
            _channel(workspace, each) for each in workspace.directory.channels if not each.is_im
        ],
    }
    if me.is_deactivated:
        return common | {"channels": [], "messages": [], "view": None, "home": None, "is_signed_out": True}
    return common | _own_part(workspace, signed_in(workspace, me.id))


def _own_part(workspace: Workspace, me: User) -> Json:
    channels = [channel for channel in workspace.directory.channels if me.id in channel.member_ids]
    visible_ids = {channel.id for channel in channels}
    modal, home = workspace.modals.top(me.id), workspace.homes.of(me.id)
    manifest = workspace.manifest
    return {
        "channels": [_channel(workspace, channel) for channel in channels],
        "commands": list(manifest.commands),
        "shortcuts": [] if me.is_foreign or me.is_bot else [asdict(each) for each in manifest.shortcuts],
        "has_home": manifest.has_home,
        "canvases": [
            asdict(canvas)
            for canvas in workspace.canvases.values()
            if canvas.access.keys() & {me.id, *visible_ids}
        ],
        "messages": [
            _seen(workspace, message)
            for message in workspace.messages
            if message.channel_id in visible_ids and message.ephemeral_to in (None, me.id)
        ],
        "view": view_json(workspace, modal) if modal else None,
        "home": view_json(workspace, home) if home else None,
    }


def _channel(workspace: Workspace, channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_im": channel.is_im,
        "is_shared": channel.is_shared,
        "is_archived": channel.id in workspace.archived_ids,
        "has_bot": workspace.directory.bot.id in channel.member_ids,
        "member_ids": list(channel.member_ids),
    }


def _fault(fault: Fault) -> Json:
    return {"id": fault.id, "method": fault.method, "kind": fault.kind, "calls_left": fault.calls_left}


def _seen(workspace: Workspace, message: Message) -> Json:
    return message_json(workspace, message) | {
        "channel": message.channel_id,
        "is_ephemeral": message.ephemeral_to is not None,
        "received_monotonic_s": message.received_monotonic_s,
        "edited_monotonic_s": message.edited_monotonic_s,
    }
