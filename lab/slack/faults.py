"""How the Web API misbehaves on demand: by method, by channel, so many times."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

EVERY_METHOD = "*"
# Besides these, any of Slack's error words: is_archived, not_in_channel, missing_scope, fatal_error, ...
RATE_LIMITED = "ratelimited"  # 429 with Retry-After
SERVER_ERROR = "server_error"  # `status`, and nothing is done
SLOW = "slow"  # done after `delay_s`
ANSWER_LOST = "answer_lost"  # done, and the connection is cut
GATEWAY_TIMEOUT = "gateway_timeout"  # done, and 504 comes in place of the answer
UNREADABLE = {  # done, and something else comes in place of the answer: its status, type and body
    "html_answer": (200, "text/html", "<html>Please log in to the proxy.</html>"),
    "empty_answer": (200, "application/json", ""),
    "cut_answer": (200, "application/json", '{"ok": true, "channel": "C0INC'),
    "list_answer": (200, "application/json", "[]"),
    "null_answer": (200, "application/json", "null"),
    "text_answer": (200, "text/plain", "ok"),
    "answer_without_ts": (200, "application/json", '{"ok": true}'),
    "answer_with_number_ts": (200, "application/json", '{"ok": true, "ts": 1.5}'),
    "answer_with_text_ok": (200, "application/json", '{"ok": "true", "ts": "1.5"}'),
    "answer_without_ok": (200, "application/json", '{"error": "channel_not_found"}'),
    "request_timed_out": (408, "text/html", "<html>Request timeout</html>"),
    "forbidden_by_proxy": (403, "text/html", "<html>Forbidden</html>"),
}


@dataclass
class Fault:
    """One way in which calls fail; `calls_left` None is until it is cleared."""

    method: str
    kind: str
    calls_left: int | None
    channel_id: str | None = None
    retry_after_s: int = 1
    delay_s: float = 5.0
    status: int = 500
    id: int = field(default_factory=itertools.count(1).__next__)


class Faults:
    """Every fault there is. The three properties at the end stand for faults of every method."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self._on_change = on_change
        self._faults: list[Fault] = []

    def fail(
        self,
        method: str,
        kind: str,
        *,
        times: int | None = 1,
        channel: str | None = None,
        retry_after_s: int = 1,
        delay_s: float = 5.0,
        status: int = 500,
    ) -> Fault:
        """Let the next `times` calls of `method` ("*": of any) fail; None is until `clear`.

        `kind` is one of this module's constants or a Slack error word; `channel` an id, to fail only there.
        """
        fault = Fault(method, kind, times, channel, retry_after_s, delay_s, status)
        self._faults.append(fault)
        self._on_change()
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        """Take one fault away, or all of them."""
        self._faults = [each for each in self._faults if fault_id is not None and each.id != fault_id]
        self._on_change()

    @property
    def active(self) -> list[Fault]:
        """Return the faults which still wait for a call."""
        return list(self._faults)

    def take(self, method: str, channel: object) -> list[Fault]:
        """Count and return the faults of this call: of each kind the oldest."""
        met: dict[str, Fault] = {}
        for fault in self._faults:
            if fault.method in (method, EVERY_METHOD) and fault.channel_id in (None, channel):
                met.setdefault(fault.kind, fault)
        for fault in met.values():
            if fault.calls_left is not None:
                fault.calls_left -= 1
        self._faults = [each for each in self._faults if each.calls_left is None or each.calls_left > 0]
        if met:
            self._on_change()
        return list(met.values())

    def _count(self, kind: str) -> int:
        return sum(
            each.calls_left or 0 for each in self._faults if (each.method, each.kind) == (EVERY_METHOD, kind)
        )

    def _set_count(self, kind: str, times: int) -> None:
        known = (EVERY_METHOD, kind)
        self._faults = [each for each in self._faults if (each.method, each.kind) != known]
        if times > 0:
            self.fail(EVERY_METHOD, kind, times=times)

    calls_to_fail = property(
        lambda self: self._count(SERVER_ERROR), lambda self, times: self._set_count(SERVER_ERROR, times)
    )
    calls_to_rate_limit = property(
        lambda self: self._count(RATE_LIMITED), lambda self, times: self._set_count(RATE_LIMITED, times)
    )
    answers_to_lose = property(
        lambda self: self._count(GATEWAY_TIMEOUT), lambda self, times: self._set_count(GATEWAY_TIMEOUT, times)
    )
