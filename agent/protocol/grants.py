"""How an action is named, and how leave for it is signed and checked."""

from __future__ import annotations

import base64
import hashlib

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey
from pydantic import ValidationError

from agent.protocol.actions import Action, Grant, SignedGrant


class BadGrantError(Exception):
    """The grant does not carry a valid signature of a pinned key."""


def action_id(*, cluster: str, incident: str, generation: int, node: str, action: Action) -> str:
    """Name an action by what it is, so that asking twice is asking for the same one.

    Args:
        cluster: The cluster's name.
        incident: The incident's id.
        generation: Position in the timeline of the plan that was confirmed; a new plan is a new action.
        node: The node it runs on.
        action: The typed action with its parameters.

    Returns:
        64 hexadecimal digits: SHA-256 over the parts, each with its length in front.
    """
    parts = (cluster, incident, str(generation), node, action.model_dump_json())
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def sign(grant: Grant, key: SigningKey) -> SignedGrant:
    """Sign a grant's exact bytes."""
    payload = grant.model_dump_json().encode()
    return SignedGrant(
        payload=base64.b64encode(payload).decode(),
        signature=base64.b64encode(key.sign(payload).signature).decode(),
    )


def open_grant(signed: SignedGrant, pinned: tuple[VerifyKey, ...]) -> Grant:
    """Check a signature against the pinned keys and parse what was signed.

    Raises:
        BadGrantError: If no pinned key signed exactly these bytes, or they are no grant.
    """
    try:
        payload = base64.b64decode(signed.payload, validate=True)
        signature = base64.b64decode(signed.signature, validate=True)
    except ValueError as error:
        raise BadGrantError("The grant is not base64.") from error
    if not any(_signed_by(key, payload, signature) for key in pinned):
        raise BadGrantError("No pinned key signed this grant.")
    try:
        return Grant.model_validate_json(payload)
    except ValidationError as error:
        raise BadGrantError("The signed bytes are no grant of this protocol.") from error


def _signed_by(key: VerifyKey, payload: bytes, signature: bytes) -> bool:
    try:
        key.verify(payload, signature)
    except (BadSignatureError, ValueError, TypeError):
        return False
    return True
