"""The Web API's views methods."""

from lab.slack.limits import check_view
from lab.slack.modals import OpenView
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


def open_view(workspace: Workspace, request: Json) -> Json:
    """Answer views.open: a trigger id buys one modal."""
    view = _checked(request)
    trigger = workspace.triggers.spend(request.get("trigger_id"))
    return _answer(workspace, workspace.modals.open(trigger.user_id, view))


def publish_view(workspace: Workspace, request: Json) -> Json:
    """Answer views.publish: one person's Home tab."""
    if not workspace.manifest.has_home:
        raise SlackRefusalError("not_enabled")
    view = _checked(request, "home")
    user = workspace.directory.user(request.get("user_id"))
    if user is None or user.id != request.get("user_id") or user.is_bot or user.is_foreign:
        raise SlackRefusalError("invalid_arguments", ["[ERROR] invalid user_id"])
    return _answer(workspace, workspace.homes.publish(user.id, view, request.get("hash")))


def view_json(workspace: Workspace, view: OpenView) -> Json:
    """Return the view object of Slack's answers and payloads."""
    directory = workspace.directory
    return view.to_slack(directory.team_id, directory.app_id, directory.bot_id)


def _checked(request: Json, kind: str = "modal") -> Json:
    view = request.get("view")
    if not isinstance(view, dict):
        raise SlackRefusalError("invalid_arguments", ["[ERROR] missing required field: view"])
    check_view(view, kind)
    return view


def _answer(workspace: Workspace, view: OpenView) -> Json:
    return {"view": view_json(workspace, view)}
