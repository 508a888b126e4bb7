"""The agent's HTTPS routes: few, enumerated, closed to whoever shows no certificate of the authority."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from agent.actions.executor import Executor
from agent.addresses import split_address
from agent.boot import boot_id
from agent.errors import BadRequestError, ConfigError, RefusedError, TooLargeError
from agent.protocol import (
    REVISION,
    REVISION_HEADER,
    VERSION_HEADER,
    BadMessageError,
    Health,
    ObserveRequest,
    PlanRequest,
    PrepareRequest,
    Refusal,
    SignedGrant,
    SignedWithdrawal,
    UndoRequest,
    WallClock,
    Wire,
)
from agent.protocol.pairing import trusted_certificates
from agent.readings.reader import NodeReader
from agent.readings.shared import SharedObservations
from agent.server.deadlines import Deadlines, DeadlineServer
from agent.settings import Settings, Tls
from shared.bounded_files import read_bounded_text
from shared.sanitize import plain
from shared.tls_flags import NO_CHECK_TIME
from shared.version import version

MAX_BODY_BYTES = 64 * 1024
MAX_DETAIL_CHARS = 1_000
DEFAULT_DEADLINES = Deadlines()

RequestT = TypeVar("RequestT", bound=Wire)


def build_app(settings: Settings, reader: NodeReader, executor: Executor) -> Starlette:
    """Put the routes together; whatever is not listed here is refused."""

    async def health(_request: Request) -> Response:
        return _answer(Health(node=settings.node, boot_id=boot_id(), ledger=await executor.mark()))

    async def wall_clock(_request: Request) -> Response:
        return _answer(WallClock(boot_id=boot_id(), wall_s=time.time()))

    async def report(request: Request) -> Response:
        return _answer(await executor.report(request.path_params["action_id"]))

    async def timeline(request: Request) -> Response:
        return _answer(await executor.timeline(request.path_params["incident"]))

    return app_of(
        Route("/v1/health", health, methods=["GET"]),
        Route("/v1/time", wall_clock, methods=["GET"]),
        Route("/v1/observe", takes(ObserveRequest, SharedObservations(reader).observe), methods=["POST"]),
        Route("/v1/plan", takes(PlanRequest, executor.plan), methods=["POST"]),
        Route("/v1/prepare", takes(PrepareRequest, executor.prepare), methods=["POST"]),
        Route("/v1/undo", takes(UndoRequest, executor.undo), methods=["POST"]),
        Route("/v1/commit", takes(SignedGrant, executor.commit), methods=["POST"]),
        Route("/v1/withdraw", takes(PrepareRequest, executor.withdraw), methods=["POST"]),
        Route("/v1/void", takes(SignedWithdrawal, executor.void), methods=["POST"]),
        Route("/v1/timelines/{incident}", timeline, methods=["GET"]),
        Route("/v1/actions/{action_id}", report, methods=["GET"]),
    )


def app_of(*routes: Route) -> Starlette:
    """Make an application of a few routes; every refusal and failure is answered as a `Refusal`."""
    return Starlette(
        routes=routes,
        exception_handlers={
            RefusedError: _refused,
            HTTPException: _no_such_route,
            ClientDisconnect: _gone,
            Exception: _failed,
        },
    )


def build_server(
    app: Starlette, settings: Settings, deadlines: Deadlines = DEFAULT_DEADLINES
) -> DeadlineServer:
    """Return a server that speaks TLS 1.3 to clients with a pinned certificate, or one of the authority."""
    return tls_server(app, tls_context(settings.tls), deadlines)


def tls_server(
    app: Starlette, context: ssl.SSLContext, deadlines: Deadlines = DEFAULT_DEADLINES
) -> DeadlineServer:
    """Return a server on this TLS context."""
    return DeadlineServer(
        uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            # A node with a wrong clock must not tell the time in passing.
            date_header=False,
            proxy_headers=False,
            limit_concurrency=64,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=1,
        ),
        context,
        deadlines,
    )


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Return the listener's TLS context: whoever shows no certificate that is trusted is let in to nothing.

    Raises:
        ConfigError: If a file cannot be read or is not what it should be.
    """
    context = open_tls_context(tls)
    context.verify_mode = ssl.CERT_REQUIRED
    # A pinned certificate counts by itself, whoever signed it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    # Dates do not count here: keys are revoked by taking them off the pinned list, and freshness comes from
    # nonces on the boot clock.
    context.verify_flags |= NO_CHECK_TIME
    with _naming("tls.authority"):
        # Where nobody is trusted, nobody is let in. What is loaded is just what `keys list` shows.
        if trusted := trusted_certificates(read_bounded_text(tls.authority)):
            context.load_verify_locations(cadata=b"".join(trusted))
    return context


def open_tls_context(tls: Tls) -> ssl.SSLContext:
    """Return a TLS context that shows the agent's certificate, and asks for none.

    Raises:
        ConfigError: If a file cannot be read or is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with _naming("tls.certificate and tls.key"):
        context.load_cert_chain(tls.certificate, tls.key)
    return context


def listen(address: str) -> socket.socket:
    """Bind the listening socket before anything else is started.

    Raises:
        ConfigError: If the address cannot be bound.
    """
    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise ConfigError(
            f"The address {address} of `listen` cannot be bound ({error.strerror}); free it or change it."
        ) from error


def _naming(fields: str) -> AbstractContextManager[None]:
    @contextmanager
    def naming() -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"The files of `{fields}` cannot be used ({error}); give PEM files, or make them with"
                " `neumann-agent pair`."
            ) from error

    return naming()


def takes(
    body_type: type[RequestT], carry_out: Callable[[RequestT], Awaitable[Wire]]
) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint of a route that takes one JSON body of at most 64 KiB."""

    async def endpoint(request: Request) -> Response:
        return _answer(await carry_out(_parse(body_type, await _read_body(request))))

    return endpoint


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise TooLargeError("too_large", f"The body is larger than {MAX_BODY_BYTES} bytes.")
    return bytes(body)


def _parse(body_type: type[RequestT], body: bytes) -> RequestT:
    try:
        return body_type.from_json(body)
    except BadMessageError as error:
        # It quotes what was sent.
        said = plain(f"{body_type.__name__}: {error}", limit=200)
        raise BadRequestError("bad_request", f"{said}.") from error


def _answer(answer: Wire, status: int = 200) -> Response:
    return Response(
        answer.to_json(),
        status_code=status,
        media_type="application/json",
        headers={REVISION_HEADER: str(REVISION), VERSION_HEADER: version()},
    )


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)  # noqa: S101 (Starlette hands over what it is registered for)
    return _answer(Refusal(reason=error.reason, detail=error.detail[:MAX_DETAIL_CHARS]), error.status)


async def _no_such_route(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (Starlette hands over what it is registered for)
    return _answer(
        Refusal(reason="no_such_route", detail="The agent has no such route or method."), error.status_code
    )


async def _gone(_request: Request, _error: Exception) -> Response:
    return _answer(Refusal(reason="bad_request", detail="The request was broken off."), 400)


async def _failed(_request: Request, _error: Exception) -> Response:
    return _answer(
        Refusal(reason="failed", detail="The agent failed in an unforeseen way; see its log."), 500
    )
