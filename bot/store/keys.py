"""Every Redis key, its type and what it holds; `python -m bot.store.keys` writes the table of the docs."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "architecture.md"
BEGIN, END = "<!-- keys: written by `make keys` -->\n", "<!-- end of keys -->\n"

HANDLE_LIFE_S = 30 * 24 * 3600
"""How long a button, a plan or a message of the bot may be clicked: longer than any incident should last."""


CANARY_LIFE_S = 15 * 60
"""How long the canary fires at most, where whoever let it fly has died."""

ENDS_LIFE_S = 7 * 24 * 3600
MAX_ENDS = 100_000
"""How long ends are kept after the last one came, and of how many alerts: the newest by their own times.

Whoever repeats an older firing is believed.
"""


@dataclass(frozen=True)
class Keys:
    """The keys under one prefix, whose hash tag keeps them all on one shard of a Redis Cluster.

    Each docstring is a row of the table in docs/architecture.md: the type, a colon, what the key holds.
    """

    prefix: str

    def _key(self, *parts: str) -> str:
        return ":".join((self.prefix, *parts))

    def inbox(self) -> str:
        """Stream, group `workers`: notifications that are stored and not folded in; each sealed."""
        return self._key("inbox")

    def slack_requests(self) -> str:
        """Stream, group `workers`: clicks, commands and events that are stored, not answered; each signed."""
        return self._key("slack-requests")

    def dead(self) -> str:
        """Stream, 1000 at most: alerts and notifications that could not be read, with the reason."""
        return self._key("dead")

    def timeline(self, incident: str) -> str:
        """Stream: the events of an incident, each with its `mac`."""
        return self._key("timeline", incident)

    def ends(self) -> str:
        """Hash: id of an incident → how many events it has, and the MAC of the last."""
        return self._key("ends")

    def open(self) -> str:
        """Hash: identity → id of its open incident; those of incidents that were merged lead to one."""
        return self._key("open")

    def incident_number(self) -> str:
        """Integer: the last number of an id; random letters follow it, so a restored Redis repeats no id."""
        return self._key("incident-number")

    def handle(self, handle: str) -> str:
        """String, 30 days: button or plan → id of its incident."""
        return self._key("handle", handle)

    def trace(self, incident: str) -> str:
        """String, 30 days, with `[tracing]` only: the trace context that the incident's next step follows."""
        return self._key("trace", incident)

    def previous(self) -> str:
        """Hash: identity → id of the incident that was released last."""
        return self._key("previous")

    def released(self) -> str:
        """Sorted set: closed incidents by the time of their release, until they are trimmed."""
        return self._key("released")

    def history_since(self) -> str:
        """String: since when every closed incident is kept, in seconds since 1970."""
        return self._key("history-since")

    def trimmed(self) -> str:
        """Hash: id of a trimmed incident → the MAC that shows that the bot did it."""
        return self._key("trimmed")

    def homes(self) -> str:
        """Hash: alert → id of the open incident that knows it, whatever is configured by now."""
        return self._key("homes")

    def ended(self) -> str:
        """Sorted set, the newest 100,000: alerts by the newest end that a closed incident knows."""
        return self._key("ended")

    def early_ends(self) -> str:
        """Sorted set, the newest 100,000: alerts by the end that came before their firing."""
        return self._key("early-ends")

    def reconcile_checkpoint(self) -> str:
        """String: when the alerting was last asked, what was unknown and what was absent then."""
        return self._key("look")

    def due(self, queue: str) -> str:
        """Sorted set: what is due in `steps`, `views`, `pages` (incidents) and `chores` (jobs), by time."""
        return self._key("due", queue)

    def leases(self, queue: str) -> str:
        """Hash: who holds which entry of the queue, until when."""
        return self._key("leases", queue)

    def ledger_marks(self) -> str:
        """Hash: cluster/node/pairing → the agent ledger's newest mark; one that falls behind was restored."""
        return self._key("ledger-marks")

    def run_slots(self) -> str:
        """Hash: cluster → id of the incident that may act on it now."""
        return self._key("run-slots")

    def fences(self) -> str:
        """Hash: cluster → the newest run's fence; the agents hold it too."""
        return self._key("fences")

    def thread(self, incident: str) -> str:
        """Hash: key of a message → channel, ts, hash of its content; `KEY+1` goes on with one that is not
        edited any more, `@KEY` is a direct message, `~0/KEY` of a thread that was lost, `~` why."""
        return self._key("thread", incident)

    def refused(self) -> str:
        """Hash: `token`, `channel/ID` or `message/INCIDENT/KEY` → why Slack refuses it, when it is tried."""
        return self._key("refused")

    def under_way(self, incident: str, message: str) -> str:
        """String, 40 s: a message whose post or edit Slack may still carry out."""
        return self._key("under-way", incident, message)

    def redis_run(self) -> str:
        """String: the run of Redis that was met last, since when; older notes may be lost."""
        return self._key("redis-run")

    def pace(self, limit: str) -> str:
        """Sorted set: when Slack takes the next post of a channel, edit or search, and whose turn is when."""
        return self._key("pace", limit)

    def message(self, channel: str, ts: str) -> str:
        """String, 30 days: a message of the bot → id of its incident."""
        return self._key("message", channel, ts)

    def picture(self, incident: str, name: str) -> str:
        """String, 30 days: a picture or file that was put into a thread."""
        return self._key("picture", incident, name)

    def seen(self, name: str) -> str:
        """String, 10 minutes: a request of Slack that was taken, by its signature, or an event by its id."""
        return self._key("seen", name)

    def asked(self, what: str, person: str) -> str:
        """Integer, 1 minute: how much Slack was asked because of a person's clicks."""
        return self._key("asked", what, person)

    def probe(self) -> str:
        """Stream, 1 minute: what was written to see whether Redis takes writes."""
        return self._key("probe")

    def unshown(self) -> str:
        """Sorted set: incidents that Slack does not yet show as they are, by when that began."""
        return self._key("unshown")

    def refusals(self) -> str:
        """Hash: who refused what, or what was refused → how often, since when, and when last."""
        return self._key("refusals")

    def posture(self, cluster: str) -> str:
        """String: a cluster's last posture, since when each line holds, and what was told of it."""
        return self._key("posture", cluster)

    def posture_samples(self, cluster: str) -> str:
        """Stream, the newest 672: readings of a cluster cut down to what trends need."""
        return self._key("posture-samples", cluster)

    def posture_mutes(self, cluster: str) -> str:
        """Hash: check of the posture → until when it is muted, and by whom."""
        return self._key("posture-mutes", cluster)

    def on_call(self) -> str:
        """String, sealed: who took over a shift until when, who was on call last, a change not told yet."""
        return self._key("on-call")

    def canary(self) -> str:
        """String, 15 minutes: the cluster for which the test alert fires now."""
        return self._key("canary")

    def canary_home(self) -> str:
        """Integer: when the test alert last went all the way, in seconds since 1970."""
        return self._key("canary-home")

    def aside(self, key: str, at_s: int) -> str:
        """Any: what stood under a key of the bot and was of another type than the bot keeps there."""
        return self._key("aside", key.removeprefix(f"{self.prefix}:"), str(at_s))

    def wake(self) -> str:
        """Channel: a hint that queues have something due; who misses it looks within a second."""
        return self._key("wake")


TYPES = {"Stream": "stream", "Hash": "hash", "Sorted": "zset", "String": "string", "Integer": "string"}
"""The first word of a key's docstring → Redis' own word for the type."""


def kinds() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the name of each method that makes a key, with Redis' word for its type and what it takes."""
    return {
        name: (TYPES[word], tuple(inspect.signature(method).parameters)[1:])
        for name, method in vars(Keys).items()
        if inspect.isfunction(method) and not name.startswith("_")
        if (word := re.split(r"\W", method.__doc__ or "")[0]) in TYPES
    }


def table() -> str:
    """Return the table of all keys, in Markdown."""
    rows = ["| key | type | holds |", "|---|---|---|"]
    for name, method in vars(Keys).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            arguments = list(inspect.signature(method).parameters)[1:]
            key = getattr(Keys(""), name)(*map(str.upper, arguments)).removeprefix(":")
            kind, _, holds = " ".join((method.__doc__ or "").split()).rstrip(".").partition(": ")
            rows.append(f"| `{key}` | {kind.lower()} | {holds} |")
    return "\n".join(rows) + "\n"


def with_table(document: str) -> str:
    """Return the document with the present table between its two markers."""
    before, _, rest = document.partition(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text()))
