"""A connection that the workspace can cut before it has answered."""

from asyncio import Transport

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class CuttableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which hands its connection on to whoever answers the request."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Keep the connection where `cut` finds it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "connection": transport}


def cut(request: Request) -> None:
    """Cut the connection of this request; what is answered afterwards reaches nobody."""
    request.scope["state"]["connection"].abort()
