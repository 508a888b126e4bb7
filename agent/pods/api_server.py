"""Kubernetes' API server: four requests, each for one named object, with the pod's own service account."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import Any

from agent.errors import ApiConflictError, ApiError, ApiUnansweredError
from agent.http_request import HttpAnswer, NoAnswerError, send
from agent.settings import Kubernetes
from shared.bounded_files import read_bounded_text
from shared.sanitize import plain
from shared.tls_flags import NO_CHECK_TIME

MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""A ConfigMap has 1 MiB at most, and a stored object little more than that (etcd's limit is 1.5 MiB)."""
ANSWER_WITHIN_S = 10.0
"""For what changes something; a reading has its own deadline."""

_MERGE_PATCH, _JSON = "application/merge-patch+json", "application/json"
_MEANINGS = {
    401: "the service account's token is not accepted; the kubelet renews it, so it may have just run out",
    403: "the service account may not do this: apply its Role and RoleBinding",
    404: "there is no such object",
    409: "it is not what it was any more",
    422: "it cannot be changed so",
    429: "it takes no more requests for now",
}


class ApiServer:
    """The API server that the settings name; token and authority are read anew for each request.

    Raises:
        ApiError: From every method, if it refuses; it did nothing then.
        ApiConflictError: If the object is not the one, or not as, it was to be.
        ApiUnansweredError: If it gives no answer that can be understood.
    """

    def __init__(self, settings: Kubernetes) -> None:
        self._settings = settings

    async def pod(self, *, within_s: float) -> bytes:
        """Return the pod as JSON."""
        return (await self._ask("GET", self._path("pods", self._settings.pod), within_s=within_s)).body

    async def config_map(self, *, within_s: float) -> bytes:
        """Return the ConfigMap as JSON."""
        path = self._path("configmaps", self._settings.config_map)
        return (await self._ask("GET", path, within_s=within_s)).body

    async def delete_pod(self, uid: str, *, dry_run: bool = False) -> None:
        """Delete the pod if it is still the one with this uid; on a dry run only ask whether it could be."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        if dry_run:
            options["dryRun"] = ["All"]
        await self._ask("DELETE", self._path("pods", self._settings.pod), options, kind=_JSON)

    async def set_text(self, text: str, resource_version: str, *, dry_run: bool = False) -> None:
        """Set the one key of the ConfigMap if that is still of this version: compare and set."""
        patch = {
            "metadata": {"resourceVersion": resource_version},
            "data": {self._settings.config_key: text},
        }
        path = self._path("configmaps", self._settings.config_map)
        await self._ask("PATCH", f"{path}{'?dryRun=All' if dry_run else ''}", patch, kind=_MERGE_PATCH)

    def _path(self, kind: str, name: str) -> str:
        return f"/api/v1/namespaces/{self._own_file('namespace')}/{kind}/{name}"

    def _own_file(self, name: str) -> str:
        path = self._settings.service_account / name
        try:
            return read_bounded_text(path).strip()
        except (OSError, ValueError) as error:
            said = f"No API server can be asked: the service account's {path} cannot be read ({error})."
            raise ApiError(said) from error

    async def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        kind: str = _JSON,
        within_s: float = ANSWER_WITHIN_S,
    ) -> HttpAnswer:
        sent = b"" if body is None else json.dumps(body).encode()
        headers = (
            f"Authorization: Bearer {self._own_file('token')}",
            f"Accept: {_JSON}",
            "User-Agent: neumann-agent",
            *((f"Content-Type: {kind}", f"Content-Length: {len(sent)}") if sent else ()),
        )
        tls = self._tls()
        what = f"{method} {path.partition('?')[0]}"
        try:
            async with asyncio.timeout(within_s):
                answer = await send(
                    self._settings.api,
                    f"{method} {path}",
                    headers,
                    sent,
                    max_bytes=MAX_ANSWER_BYTES,
                    tls=tls,
                )
        except TimeoutError as error:
            raise ApiUnansweredError(f"{what} got no answer within {within_s:g} s.") from error
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, NoAnswerError) as error:
            said = plain(f"{what} got no answer from {self._settings.api}: {error}.", limit=300)
            raise ApiUnansweredError(said) from error
        if answer.code // 100 != 2:
            raise _refusal(what, answer)
        if len(answer.body) > MAX_ANSWER_BYTES:
            raise ApiUnansweredError(f"{what} got an answer of more than {MAX_ANSWER_BYTES} bytes.")
        return answer

    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # A node with a wrong clock still has to be read; the authority is the cluster's own, and pinned.
        context.verify_flags |= NO_CHECK_TIME
        try:
            context.load_verify_locations(cadata=self._own_file("ca.crt"))
        except ssl.SSLError as error:
            raise ApiError(f"ca.crt of the service account holds no certificate ({error}).") from error
        return context


def _refusal(what: str, answer: HttpAnswer) -> ApiError:
    """Return the error of an answer; from 500 on nobody knows whether it was done."""
    try:
        said = str(json.loads(answer.body)["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        said = answer.status
    meaning = _MEANINGS.get(answer.code, "it failed")
    sentence = plain(f"{what} was answered {answer.code}, {meaning}: {said}.", limit=600)
    if answer.code == 409:
        return ApiConflictError(sentence)
    return (
        ApiError(sentence)
        if 400 <= answer.code < 500 and answer.code != 408
        else ApiUnansweredError(sentence)
    )
