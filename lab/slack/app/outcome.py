"""How something ended that a person did."""

from collections.abc import Mapping
from dataclasses import dataclass, field

TROUBLE = "We had some trouble connecting. Try again?"


@dataclass(frozen=True)
class Outcome:
    """How an interaction ended, for the person who did it: Slack's word if it failed, and what they read."""

    ok: bool = True
    error: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)  # of a modal's fields, by block_id
    notice: str | None = None


def failed_click(error: str, status: int | None) -> Outcome:
    """Return what a person reads beside a button whose click the app did not take."""
    if status is not None:
        return Outcome(False, error, notice=f"This app responded with Status Code {status}.")
    notices = {
        "operation_timeout": "Operation timed out. Apps need to respond within 3 seconds.",
        "dispatch_failed": "This app is not reachable for interactive responses.",
    }
    return Outcome(False, error, notice=notices.get(error, error))
