"""What an app answers outside the Web API: acknowledgements with a text, and response URLs."""

import json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from lab.slack.limits import check_message
from lab.slack.methods.places import is_true
from lab.slack.one_time import ResponseTarget
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace

_NOTHING: Mapping[str, object] = {"text": "", "blocks": [], "attachments": []}


def answer_command(workspace: Workspace, channel_id: str, user_id: str, body: str) -> None:
    """Show the body of a slash command's acknowledgement: plain text or JSON; raises `SlackRefusalError`."""
    if not body.strip():
        return
    try:
        answer = json.loads(body)
    except ValueError:
        answer = {"text": body}
    target = ResponseTarget(channel_id, user_id, None, 0.0)
    respond(workspace, target, answer if isinstance(answer, dict) else {"text": body})


def respond(workspace: Workspace, target: ResponseTarget, answer: Json) -> None:
    """Carry out one use of a response URL; raises `SlackRefusalError`."""
    source = workspace.message(target.channel_id, target.source_ts) if target.source_ts else None
    if source and is_true(answer.get("delete_original")):
        workspace.delete(source)
        return
    check_message(answer)
    if source and is_true(answer.get("replace_original")):
        workspace.edit(source, {**_NOTHING, **answer})
        return
    is_ephemeral = answer.get("response_type", "ephemeral") != "in_channel"
    workspace.post(
        target.channel_id,
        workspace.directory.bot.id,
        answer,
        thread_ts=answer.get("thread_ts"),
        ephemeral_to=target.user_id if is_ephemeral else None,
    )


class ResponseUrlEndpoint:
    """`POST /response/{token}`; the token in the path is the whole authority."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def __call__(self, request: Request) -> Response:
        """Answer "ok", or 404 for a URL which is used up, and 400 for what Slack refuses."""
        try:
            target = self._workspace.response_urls.use(request.path_params["token"])
        except SlackRefusalError as refusal:
            return JSONResponse({"ok": False, "error": refusal.error}, status_code=404)
        try:
            answer = json.loads(await request.body())
            if not isinstance(answer, dict):
                raise SlackRefusalError("invalid_payload")
            respond(self._workspace, target, answer)
        except ValueError:
            return PlainTextResponse("invalid_payload", status_code=400)
        except SlackRefusalError as refusal:
            return PlainTextResponse(refusal.error, status_code=400)
        return PlainTextResponse("ok")
