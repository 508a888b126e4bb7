"""How an action is named, and how leave for it, or its withdrawal, is signed and checked."""

from __future__ import annotations

import base64
import hashlib

from msgspec import UNSET, UnsetType
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from agent.protocol.actions import Action, Grant, SignedGrant, SignedWithdrawal, Withdrawal
from agent.protocol.base import BadMessageError


class BadGrantError(Exception):
    """The grant does not carry a valid signature of a pinned key."""


class BadSecondApproverError(BadGrantError):
    """The grant's second approval is not valid."""


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
    parts = (cluster, incident, str(generation), node, action.to_json())
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def undo_action_id(undone: str, attempt: int | UnsetType = UNSET) -> str:
    """Name an attempt to undo an action: each is begun once, and none after one that was done."""
    later = "" if attempt is UNSET else f":{attempt}"
    return hashlib.sha256(f"undo:{undone}{later}".encode()).hexdigest()


def sign(grant: Grant, key: SigningKey, *, second_key: SigningKey | None = None) -> SignedGrant:
    """Sign a grant's exact bytes, for a second approver too where there is one."""
    payload = grant.to_json().encode()
    return SignedGrant(
        payload=base64.b64encode(payload).decode(),
        signature=_signature(payload, key),
        second_signature=None if second_key is None else _signature(payload, second_key),
    )


def open_grant(
    signed: SignedGrant, pinned: tuple[VerifyKey, ...], *, second: tuple[VerifyKey, ...] = ()
) -> Grant:
    """Check the signatures against the pinned keys and parse what was signed.

    A grant that names a second approver comes back only if one of the keys in `second` signed it too, and
    the two are not one person.

    Raises:
        BadGrantError: If no pinned key signed exactly these bytes, or they are no grant.
        BadSecondApproverError: If the second approver's part is not complete and valid.
    """
    payload = _payload_of(signed, pinned)
    try:
        grant = Grant.from_json(payload)
    except BadMessageError as error:
        raise BadGrantError("The signed bytes are no grant of this protocol.") from error
    if grant.to_json().encode() != payload:
        raise BadGrantError("The signed bytes are not the one form of this grant.")
    if grant.undoes is not None and grant.action_id != undo_action_id(grant.undoes, grant.attempt):
        raise BadGrantError("The grant's action id is not that of the undoing.")
    if (grant.second_confirmed_by, signed.second_signature) != (None, None):
        _check_second(grant, payload, signed.second_signature or "", second)
    return grant


def sign_withdrawal(withdrawal: Withdrawal, key: SigningKey) -> SignedWithdrawal:
    """Sign a withdrawal's exact bytes."""
    payload = withdrawal.to_json().encode()
    return SignedWithdrawal(payload=base64.b64encode(payload).decode(), signature=_signature(payload, key))


def open_withdrawal(signed: SignedWithdrawal, pinned: tuple[VerifyKey, ...]) -> Withdrawal:
    """Check the signature against the pinned keys and parse what was signed.

    Raises:
        BadGrantError: If no pinned key signed exactly these bytes, or they are no withdrawal.
    """
    try:
        return Withdrawal.from_json(_payload_of(signed, pinned))
    except BadMessageError as error:
        raise BadGrantError("The signed bytes are no withdrawal of this protocol.") from error


def _payload_of(signed: SignedGrant | SignedWithdrawal, pinned: tuple[VerifyKey, ...]) -> bytes:
    try:
        payload = base64.b64decode(signed.payload, validate=True)
        signature = base64.b64decode(signed.signature, validate=True)
    except ValueError as error:
        raise BadGrantError("What was sent is not base64.") from error
    if not any(_signed_by(key, payload, signature) for key in pinned):
        raise BadGrantError("No pinned key signed this.")
    return payload


def _check_second(grant: Grant, payload: bytes, encoded: str, second: tuple[VerifyKey, ...]) -> None:
    try:
        signature = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise BadSecondApproverError("The second signature is not base64.") from error
    if not any(_signed_by(key, payload, signature) for key in second):
        raise BadSecondApproverError("No key of a second approver signed this grant.")
    if grant.second_confirmed_by in (None, grant.confirmed_by):
        raise BadSecondApproverError("The grant does not name a second approver beside the first.")


def _signature(payload: bytes, key: SigningKey) -> str:
    return base64.b64encode(key.sign(payload).signature).decode()


def _signed_by(key: VerifyKey, payload: bytes, signature: bytes) -> bool:
    try:
        key.verify(payload, signature)
    except (BadSignatureError, ValueError, TypeError):
        return False
    return True
