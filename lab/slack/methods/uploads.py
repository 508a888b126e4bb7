"""The Web API's files and canvases methods."""

import secrets
import time
from dataclasses import replace

from lab.slack import limit_table as limit
from lab.slack.directory import Channel
from lab.slack.files import Canvas
from lab.slack.limits import check_message
from lab.slack.methods.places import thread_of, writable_channel
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


def get_upload_url(workspace: Workspace, request: Json) -> Json:
    """Answer files.getUploadURLExternal: where the bytes go next."""
    name, alt_text = str(request.get("filename") or ""), str(request.get("alt_txt") or "")
    length = _whole(request.get("length"))
    if not name or length == 0:
        raise SlackRefusalError("missing_argument")
    if length > limit.FILE_BYTES:
        raise SlackRefusalError("file_upload_size_restricted")
    if request.get("snippet_type") and length > limit.SNIPPET_BYTES:
        raise SlackRefusalError("snippet_too_large")
    if len(alt_text) > limit.FILE_ALT_TEXT:
        raise SlackRefusalError("alt_txt_too_large")
    owner = workspace.directory.bot.id
    # A name is the last part of a URL and of nothing on disk; a slash in it would make another URL.
    file, ticket = workspace.files.announce(name.replace("/", "_"), length, alt_text, owner, int(time.time()))
    return {"upload_url": f"{workspace.url}/upload/v1/{ticket}", "file_id": file.id}


def complete_upload(workspace: Workspace, request: Json) -> Json:
    """Answer files.completeUploadExternal: the files exist from here on, and are shared where it says."""
    wanted = request.get("files")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(each, dict) for each in wanted):
        raise SlackRefusalError("invalid_arguments", ["[ERROR] missing required field: files"])
    channels = _channels(workspace, request)
    threads = [thread_of(workspace, channel, request.get("thread_ts")) for channel in channels]
    content: Json = {"text": str(request.get("initial_comment") or "")}
    if not content["text"] and request.get("blocks"):
        check_message({"blocks": request["blocks"]})
        content["blocks"] = request["blocks"]
    files = [workspace.files.complete(each.get("id"), each.get("title")) for each in wanted]
    content["file_ids"] = [file.id for file in files]
    for channel, thread_ts in zip(channels, threads, strict=True):
        workspace.post(channel.id, workspace.directory.bot.id, content, thread_ts=thread_ts)
    return {"files": [file.to_slack(workspace.url) for file in files]}


def create_canvas(workspace: Workspace, request: Json) -> Json:
    """Answer canvases.create: nobody but the app sees the canvas until it is given access."""
    document = request.get("document_content") or {"type": "markdown", "markdown": ""}
    markdown = document.get("markdown") if isinstance(document, dict) else None
    if not isinstance(markdown, str) or document.get("type") != "markdown":
        raise SlackRefusalError("invalid_arguments", ["[ERROR] invalid document_content"])
    if len(markdown) > limit.CANVAS_MARKDOWN:
        raise SlackRefusalError("canvas_creation_failed")
    canvas = Canvas(f"F{secrets.token_hex(5).upper()}", str(request.get("title") or "Untitled"), markdown)
    workspace.canvases[canvas.id] = canvas
    workspace.touch()
    return {"canvas_id": canvas.id}


def set_canvas_access(workspace: Workspace, request: Json) -> Json:
    """Answer canvases.access.set: for channels that the canvas' link was shown in, or for people."""
    canvas = workspace.canvases.get(str(request.get("canvas_id")))
    if canvas is None:
        raise SlackRefusalError("canvas_not_found")
    channel_ids, user_ids = (_listed(request.get(name)) for name in ("channel_ids", "user_ids"))
    level = str(request.get("access_level"))
    if bool(channel_ids) == bool(user_ids):
        raise SlackRefusalError("invalid_parameters")
    if level not in (("read", "write") if channel_ids else ("read", "write", "owner")):
        raise SlackRefusalError("invalid_arguments", ["[ERROR] invalid access_level"])
    for channel_id in channel_ids:
        channel = workspace.channel(channel_id)
        if not any(m.channel_id == channel.id and canvas.id in m.text for m in workspace.messages):
            raise SlackRefusalError("restricted_action")
    for user_id in user_ids:
        workspace.user(user_id)
    given = dict.fromkeys([*channel_ids, *user_ids], level)
    workspace.canvases[canvas.id] = replace(canvas, access={**canvas.access, **given})
    workspace.touch()
    return {}


def _listed(value: object) -> list[str]:
    """Return a list that came as JSON, or comma-separated in a form."""
    if isinstance(value, list):
        return [str(each) for each in value]
    return [each for each in str(value or "").split(",") if each]


def _channels(workspace: Workspace, request: Json) -> list[Channel]:
    wanted = [request["channel_id"]] if request.get("channel_id") else _listed(request.get("channels"))
    if len(wanted) > limit.FILE_CHANNELS:
        raise SlackRefusalError("channels_limit_exceeded")
    return [writable_channel(workspace, each) for each in wanted]


def _whole(value: object) -> int:
    try:
        return int(str(value or 0))
    except ValueError as error:
        raise SlackRefusalError("invalid_arguments", ["[ERROR] length must be an integer"]) from error
