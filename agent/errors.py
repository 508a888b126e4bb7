"""Why the agent says no, each kind with the HTTP status it is answered with.

AgentError
├── ConfigError          the settings file cannot be used (exit code 2)
├── PairingError         nobody was paired with (exit code 2)
├── ReadingError         one reading could not be taken (becomes `Read.missing`)
│   ├── ReadingTimedOutError
│   ├── ReadingRefusedError
│   ├── ReadingNotPermittedError
│   ├── NoClockKeeperError
│   ├── NoLogFileError
│   ├── CommandError     a fixed command could not be run
│   │   └── CommandTimedOutError (a ReadingTimedOutError as well)
│   └── ApiError         Kubernetes' API server refused, and did nothing
│       ├── ApiConflictError
│       └── ApiUnansweredError (what was asked of it may have been done)
├── ConfigFileError      Neumann's configuration file cannot be changed as asked
└── RefusedError         answered to the bot as a `Refusal`
    ├── BadRequestError  400
    ├── DeniedError      403
    ├── NeverSeenError   404
    ├── ConflictError    409
    ├── TooLargeError    413
    └── LedgerError      503
        └── UnreadableEntryError
"""

from __future__ import annotations


class AgentError(Exception):
    """Base of all errors of the agent; its text is one sentence for a person."""


class ConfigError(AgentError):
    """The agent's settings cannot be used."""


class PairingError(AgentError):
    """Nobody was paired with, and nothing that was trusted has changed."""


class ReadingError(AgentError):
    """A reading could not be taken."""


class ReadingTimedOutError(ReadingError):
    """What was asked gave no answer within its deadline."""


class ReadingRefusedError(ReadingError):
    """Nothing listens where it was asked."""


class ReadingNotPermittedError(ReadingError):
    """The agent's user has no right to read it."""


class NoClockKeeperError(ReadingError):
    """No NTP service is active on this host."""


class NoLogFileError(ReadingError):
    """None of the log files is there."""


class CommandError(ReadingError):
    """A command could not be run or failed."""


class CommandTimedOutError(CommandError, ReadingTimedOutError):
    """A command did not end within its deadline and was killed."""


class ApiError(ReadingError):
    """Kubernetes' API server refused what was asked of it, and did nothing."""


class ApiConflictError(ApiError):
    """What was to be changed is not what it was any more."""


class ApiUnansweredError(ApiError):
    """Kubernetes' API server gave no answer that can be understood; what was asked may have been done."""


class ConfigFileError(AgentError):
    """Neumann's configuration file cannot be read or changed safely."""


class RefusedError(AgentError):
    """The agent will not.

    Args:
        reason: A fixed word for programs.
        detail: One sentence for people.
    """

    status = 500

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class BadRequestError(RefusedError):
    """The body is not what the route takes."""

    status = 400


class DeniedError(RefusedError):
    """The grant is not valid here."""

    status = 403


class NeverSeenError(RefusedError):
    """The ledger has never seen this action."""

    status = 404


class ConflictError(RefusedError):
    """The grant may be good, but it cannot be carried out now."""

    status = 409


class TooLargeError(RefusedError):
    """The body is larger than the agent reads."""

    status = 413


class LedgerError(RefusedError):
    """The ledger cannot be read or written; without it nothing is done."""

    status = 503


class UnreadableEntryError(LedgerError):
    """What is recorded of one action cannot be read; that action is not touched, all others may be."""
