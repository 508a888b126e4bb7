"""Which grants are let in: signed by pinned keys, for this node, and fresh."""

from __future__ import annotations

from agent.actions.nonces import Nonces
from agent.errors import DeniedError
from agent.protocol import (
    BadGrantError,
    BadSecondApproverError,
    Grant,
    SignedGrant,
    SignedWithdrawal,
    Withdrawal,
    open_grant,
    open_withdrawal,
)
from agent.settings import Grants, Settings


class Admission:
    """Gives nonces out, and lets a grant in once.

    Args:
        settings: The agent's settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._nonces = Nonces(settings.limits.nonce_life_s)
        self.pin(settings.grants)

    def pin(self, grants: Grants) -> None:
        """Trust these keys, and no others, from now on."""
        self._pinned = grants.pinned
        self._pinned_second = grants.pinned_second

    def challenge(self, action_id: str) -> str:
        """Return a nonce that only a grant for this action can spend."""
        return self._nonces.issue(action_id)

    def admit(self, signed: SignedGrant) -> Grant:
        """Open a grant; one that names a second approver has that one's valid signature.

        Raises:
            DeniedError: If it is not signed, not for this node, or not fresh.
        """
        try:
            grant = open_grant(signed, self._pinned, second=self._pinned_second)
        except BadSecondApproverError as error:
            raise DeniedError("second_approver", str(error)) from error
        except BadGrantError as error:
            raise DeniedError("signature", str(error)) from error
        # First of all, so that no outcome leaves the nonce good for another try.
        fresh = self._nonces.spend(grant.nonce, grant.action_id)
        self._check_target(grant)
        if not fresh:
            raise DeniedError("nonce", "The nonce is unknown, used, expired or for another action.")
        return grant

    def open_withdrawal(self, signed: SignedWithdrawal) -> Withdrawal:
        """Open a withdrawal; it needs no nonce, since it only ever closes an action.

        Raises:
            DeniedError: If it is not signed, or not for this node.
        """
        try:
            withdrawal = open_withdrawal(signed, self._pinned)
        except BadGrantError as error:
            raise DeniedError("signature", str(error)) from error
        self._check_target(withdrawal)
        return withdrawal

    def _check_target(self, signed: Grant | Withdrawal) -> None:
        if signed.cluster != self._settings.cluster:
            raise DeniedError("cluster", f"It is signed for another cluster than {self._settings.cluster}.")
        if signed.node != self._settings.node:
            raise DeniedError("node", f"It is signed for another node than {self._settings.node}.")
