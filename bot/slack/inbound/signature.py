"""Verify Slack's signature before Bolt parses the request, and answer others in plain words.

Bolt 1.30 raises on a timestamp that is not a number and on a body that is not UTF-8; both get an answer here.
"""

from __future__ import annotations

import hmac
import time

import structlog
from slack_sdk.signature import SignatureVerifier
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

log = structlog.get_logger()

MAX_BODY_BYTES = 1_048_576
MAX_TIMESTAMP_DIGITS = 12


def refusal_of_head(request: Request) -> Response | None:
    """Return the answer to a request that cannot be Slack's, by its head alone; `None` where it may be.

    So nobody's body is read who does not even claim to have signed it.
    """
    timestamp = request.headers.get("x-slack-request-timestamp", "")
    signature = request.headers.get("x-slack-signature", "")
    digits = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= MAX_TIMESTAMP_DIGITS
    if not digits or not signature or not signature.isascii():
        return PlainTextResponse("The request carries no Slack signature.", status_code=401)
    return None


def refusal(request: Request, body: bytes, verifier: SignatureVerifier) -> Response | None:
    """Return the answer to a request that is not Slack's; `None` where it is. Its head was looked at."""
    timestamp = request.headers["x-slack-request-timestamp"]
    signature = request.headers["x-slack-signature"]
    try:
        body.decode()
    except UnicodeDecodeError:
        return PlainTextResponse("The request is not UTF-8.", status_code=401)
    if not verifier.is_valid(body, timestamp, signature):
        return PlainTextResponse(_unsigned(body, timestamp, signature, verifier), status_code=401)
    return None


def _unsigned(body: bytes, timestamp: str, signature: str, verifier: SignatureVerifier) -> str:
    genuine = verifier.generate_signature(timestamp=timestamp, body=body) or ""
    if not hmac.compare_digest(genuine, signature):
        return "The request is not signed with this app's secret."
    off_s = int(timestamp) - time.time()
    log.error("slack_time_differs", seconds=round(off_s), hint="is this machine's clock right?")
    return f"The request is {abs(off_s):.0f} s from this machine's time: too old, or the clock here is wrong."
