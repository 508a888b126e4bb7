"""Where an app's files come in, and go out to the page."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lab.slack.refusal import SlackRefusalError
from lab.slack.workspace import Workspace


class FileRoutes:
    """`POST /upload/v1/{ticket}` and `GET /files/{id}/{name}`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def routes(self) -> list[Route]:
        """Return both routes."""
        return [
            Route("/upload/v1/{ticket}", self.upload, methods=["POST"]),
            Route("/files/{id}/{name}", self.download),
        ]

    async def upload(self, request: Request) -> Response:
        """Take the bytes, raw or as the one file of a form; the ticket in the path is the whole authority."""
        try:
            file = self._workspace.files.receive(request.path_params["ticket"], await _content(request))
        except SlackRefusalError as refusal:
            return PlainTextResponse(refusal.error, status_code=404)
        size = len(file.content or b"")
        if size != file.announced_bytes:
            words = f"announced {file.announced_bytes} bytes, got {size}"
            return PlainTextResponse(words, status_code=400)
        return PlainTextResponse(f"OK - {size}")

    async def download(self, request: Request) -> Response:
        """Serve a file; only images are shown in place, so that no file acts as a page of ours."""
        try:
            file = self._workspace.files.find(request.path_params["id"])
        except SlackRefusalError as refusal:
            return PlainTextResponse(refusal.error, status_code=404)
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
        if not file.is_image or "download" in request.query_params:
            headers["Content-Disposition"] = "attachment"
        return Response(file.content, media_type=file.mimetype, headers=headers)


async def _content(request: Request) -> bytes:
    if not request.headers.get("content-type", "").startswith("multipart/"):
        return await request.body()
    async with request.form() as form:
        for part in form.values():
            if not isinstance(part, str):
                return await part.read()
    return b""
