"""The bot's half of a pairing: prove that both sides know the code, and exchange certificates."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import httpx

from agent.protocol import BadMessageError, Refusal
from agent.protocol.pairing import (
    PAIRING_PATH,
    BotCredentials,
    PairAnswer,
    PairRequest,
    der_of,
    fingerprint,
    is_proof,
    prove,
)
from bot.http.errors import why
from bot.http.exchange import Answer, exchange
from bot.nodes.tls import pinned_context
from handlers.errors import Refused

TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 64_000


class NobodyWaits(Refused):
    """No agent waits for a pairing at an address."""


async def pair(
    url: str, code: bytes, identity: BotCredentials, tell: Callable[[str], None], timeout_s: float = TIMEOUT_S
) -> str:
    """Let the agent pin our keys, and return its certificate (PEM), once both have proved to hold the code.

    Args:
        url: Where `neumann-agent pair` waits.
        code: The code's bytes.
        identity: What the agent shall trust.
        tell: Gets the fingerprint of the certificate that was shown, for a person to compare.
        timeout_s: How long each of its answers may take.

    Raises:
        NobodyWaits: If nobody waits there.
        Refused: If the agent says no, or it does not hold the code.
    """
    certificate = await shown_by(url, timeout_s)
    shown = der_of(certificate)
    tell(f"The agent shows the certificate sha256:{fingerprint(shown)}.")
    proof = prove(code, "bot", agent_certificate=shown, identity=identity)
    body = PairRequest(identity=identity, proof=proof).to_json()
    # Refuses the certificate of anybody who takes the place of the peer that was just checked.
    async with httpx.AsyncClient(
        verify=pinned_context(certificate), timeout=timeout_s, trust_env=False
    ) as http:
        try:
            answered = await exchange(
                http, "POST", url.rstrip("/") + PAIRING_PATH, limit_bytes=MAX_ANSWER_BYTES, content=body
            )
        except httpx.HTTPError as error:
            raise Refused(f"{url} broke off ({why(error) or type(error).__name__}); begin again.") from error
    answer = _answer(url, answered)
    if not is_proof(answer.proof, prove(code, "agent", agent_certificate=shown, identity=identity)):
        raise Refused(f"{url} does not hold the code: it is not the agent, and nothing was pinned.")
    return certificate


async def shown_by(url: str, timeout_s: float = TIMEOUT_S) -> str:
    """Return the certificate (PEM) that is shown at an address; whose it is, is not known yet.

    Raises:
        Refused: If it is no https address.
        NobodyWaits: If nobody shows one there.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Refused(f"{url[:200]} is not a valid address: {error}.") from error
    if parsed.scheme != "https" or not parsed.host:
        raise Refused(f"{url[:200]} is not a valid address of an agent: give https://HOST:PORT.")
    address = (parsed.host, parsed.port or 443)
    try:
        return await asyncio.to_thread(ssl.get_server_certificate, address, timeout=timeout_s)
    except (OSError, ValueError) as error:
        words = why(error) or error
        raise NobodyWaits(
            f"Nobody waits at {url} ({words}): run `neumann-agent pair` on the node, then this again."
        ) from error


def _answer(url: str, answered: Answer) -> PairAnswer:
    try:
        if answered.is_success:
            return PairAnswer.from_json(answered.body)
        refusal = Refusal.from_json(answered.body)
    except BadMessageError as error:
        raise Refused(
            f"{url} answered {answered.status} and nothing that belongs to a pairing: is"
            " `neumann-agent pair` waiting there?"
        ) from error
    raise Refused(f"The agent says no: {refusal.detail}")
