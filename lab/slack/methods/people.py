"""The Web API's methods about the team, its people and its user groups."""

from lab.slack.methods.places import is_true
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


def auth_test(workspace: Workspace, request: Json) -> Json:
    """Answer auth.test."""
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


def users_info(workspace: Workspace, request: Json) -> Json:
    """Answer users.info; it takes ids only."""
    user = workspace.user(request.get("user"))
    if user.id != request.get("user"):
        raise SlackRefusalError("user_not_found")
    return {"user": user.to_slack()}


def usergroups_list(workspace: Workspace, request: Json) -> Json:
    """Answer usergroups.list."""
    directory = workspace.directory
    groups = []
    for group in directory.groups:
        wire: Json = {"id": group.id, "handle": group.handle, "name": group.name, "is_usergroup": True}
        wire["team_id"] = directory.team_id
        if is_true(request.get("include_users")):
            wire["users"] = directory.active_ids(group)
        groups.append(wire)
    return {"usergroups": groups}


def usergroups_users_list(workspace: Workspace, request: Json) -> Json:
    """Answer usergroups.users.list."""
    group = workspace.directory.group(request.get("usergroup"))
    if group is None:
        raise SlackRefusalError("no_such_subteam")
    return {"users": workspace.directory.active_ids(group)}
