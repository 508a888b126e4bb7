"""Every error that a person may read. The class docstring is the sentence, unless one is given.

    BotError
    ├── Refused              what was asked is not done, and why
    │   ├── UnknownCluster
    │   ├── UnknownIncident
    │   ├── NothingRead      an incident's cluster was never read
    │   ├── UnknownHandle
    │   ├── StaleOffer
    │   │   └── StalePlan    a fresh plan can be drawn up
    │   ├── NotAllowed
    │   └── AlreadyConfirmed
    ├── Quarantined            an incident that the bot does not touch
    │   ├── Tampered         its timeline is not as the bot wrote it
    │   └── WrittenByNewer   a newer version of the bot has written to it
    ├── SilenceFailed        Alertmanager did not take a silence
    ├── StoreDown            Redis does not take or give what is needed
    ├── SlackDown            Slack did not take a message; it is tried again
    ├── SourceDown           Alertmanager, Prometheus or the on-call schedule does not answer, or refuses
    ├── PageNotTaken         a route past Slack did not take a page; it is tried again
    └── ConfigurationError   the process cannot start like this

Beside it `Moved`: two wrote to one timeline at once. It is no error but a reason to look again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

CallOutcome = Literal["not_done", "unknown", "under_way"]


class BotError(Exception):
    """Something went wrong."""

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or self.__doc__)


class EventTooLarge(BotError):  # noqa: N818  named by what it says
    """An event is larger than any that the bot has reason to write."""


class Refused(BotError):  # noqa: N818  a refusal is an answer, and reads as one
    """That is not done."""


class UnknownCluster(Refused):
    """No such cluster is configured."""


class UnknownIncident(Refused):
    """There is no such incident, or it has been trimmed."""


class NothingRead(Refused):
    """No reading of the cluster stands in this incident."""


class UnknownHandle(Refused):
    """This button belongs to no incident that the bot knows; it may be from before a restore."""


class StaleOffer(Refused):
    """The cluster has moved since: see the newest findings in the thread."""


class StalePlan(StaleOffer):
    """This plan no longer holds; here it is as it is now."""


class NotAllowed(Refused):
    """You may not do that here."""


class AlreadyConfirmed(Refused):
    """Someone else has confirmed this already; the run is in the thread."""


class Quarantined(BotError):  # noqa: N818
    """This incident cannot be read, so it is left alone; the others go on."""


class Tampered(Quarantined):
    """This timeline is not as the bot wrote it; the incident is left alone until a person has looked."""


class WrittenByNewer(Quarantined):
    """A newer version of the bot has written to this incident; this one leaves it to that."""


class SilenceFailed(BotError):  # noqa: N818
    """Alertmanager did not take the silence."""


class StoreDown(BotError):  # noqa: N818
    """Redis does not answer; nothing was accepted."""


class SlackDown(BotError):  # noqa: N818
    """Slack did not take the message; it is tried again.

    `wait_s` is after how many seconds, where that is known; `outcome` says whether Slack may have done what
    it was asked all the same, or may still be about to.
    """

    def __init__(
        self,
        sentence: str | None = None,
        *,
        wait_s: float | None = None,
        outcome: CallOutcome = "not_done",
    ) -> None:
        super().__init__(sentence)
        self.wait_s = wait_s
        self.outcome = outcome


class SourceDown(BotError):  # noqa: N818
    """Alertmanager or Prometheus does not answer. `status` is the HTTP status where it refused."""

    def __init__(self, sentence: str | None = None, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class PageNotTaken(BotError):  # noqa: N818
    """The route did not take the page. `wait` is the pause that it asked for, if it did."""

    def __init__(self, sentence: str | None = None, wait: timedelta | None = None) -> None:
        super().__init__(sentence)
        self.wait = wait


class ConfigurationError(BotError):
    """The configuration cannot be used."""


class Moved(Exception):  # noqa: N818
    """The timeline has grown since it was read."""
