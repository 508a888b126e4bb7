"""The kinds of failed readings that a decision tells apart."""

from __future__ import annotations

import re
from enum import StrEnum


class MissingKind(StrEnum):
    """Why a reading has no value, as far as decisions depend on it; the sentence beside it says the rest."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    NOT_PERMITTED = "not_permitted"
    PENDING = "pending"
    OTHER = "other"


STILL_READING = "still being read"
"""The sentence of a reading that has not ended yet."""

_SECONDS = r"[0-9.e+-]+ s"
_TIMEOUT = re.compile(
    rf"no answer within {_SECONDS}"
    rf"|the agent gave no answer within {_SECONDS}"
    r"|(the agent gave )?no answer in time"
    rf"|No answer within {_SECONDS}\."
    rf"|\S+/metrics did not answer within {_SECONDS}\."
)
_REFUSED = re.compile(r"connection refused|(\S+/metrics|The metrics page) refused the connection\.")


def kind_of_sentence(missing: str) -> MissingKind:
    """Return the kind of a failed reading that was written down with its sentence alone.

    For evidence documents from before `kind`, and for what an agent of that age answers; whatever takes a
    reading sets the kind itself. The whole sentence must be one that a bot or an agent wrote.
    """
    if missing == STILL_READING:
        return MissingKind.PENDING
    if _TIMEOUT.fullmatch(missing):
        return MissingKind.TIMEOUT
    return MissingKind.REFUSED if _REFUSED.fullmatch(missing) else MissingKind.OTHER
