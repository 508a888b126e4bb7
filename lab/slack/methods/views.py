"""The Web API's views methods."""

from lab.slack.limits import check_view
from lab.slack.methods.places import check_images
from lab.slack.modals import OpenView
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


def open_view(workspace: Workspace, request: Json) -> Json:
    """views.open: a trigger id buys one modal."""
    view = _checked(workspace, request)
    trigger = workspace.triggers.spend(request.get("trigger_id"))
    return _answer(workspace, workspace.modals.open(trigger.user_id, view))


def push_view(workspace: Workspace, request: Json) -> Json:
    """views.push: on top of the modal in which the trigger id arose."""
    view = _checked(workspace, request)
    trigger = workspace.triggers.spend(request.get("trigger_id"))
    if trigger.from_view_id is None or workspace.modals.top(trigger.user_id) is None:
        raise SlackRefusalError("not_found")
    return _answer(workspace, workspace.modals.push(trigger.user_id, view))


def update_view(workspace: Workspace, request: Json) -> Json:
    """views.update, by view id or external id, guarded by the hash if one is given."""
    view = _checked(workspace, request)
    shown = workspace.modals.find(request.get("view_id"), request.get("external_id"))
    return _answer(workspace, workspace.modals.update(shown, view, request.get("hash")))


def publish_view(workspace: Workspace, request: Json) -> Json:
    """views.publish: one person's Home tab."""
    if not workspace.manifest.has_home:
        raise SlackRefusalError("not_enabled")
    view = _checked(workspace, request, "home")
    user = workspace.directory.user(request.get("user_id"))
    if user is None or user.id != request.get("user_id") or user.is_bot or user.is_foreign:
        raise SlackRefusalError("invalid_arguments", ["[ERROR] invalid user_id"])
    return _answer(workspace, workspace.homes.publish(user.id, view, request.get("hash")))


def view_json(workspace: Workspace, view: OpenView) -> Json:
    """The view object of Slack's answers and payloads."""
    directory = workspace.directory
    return view.to_slack(directory.team_id, directory.app_id, directory.bot_id)


def _checked(workspace: Workspace, request: Json, kind: str = "modal") -> Json:
    view = request.get("view")
    if not isinstance(view, dict):
        raise SlackRefusalError("invalid_arguments", ["[ERROR] missing required field: view"])
    check_view(view, kind)
    check_images(workspace, view["blocks"], "invalid_arguments")
    return view


def _answer(workspace: Workspace, view: OpenView) -> Json:
    return {"view": view_json(workspace, view)}
