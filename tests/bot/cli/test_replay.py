"""`replay --all`: every incident that is kept is judged again before a new version is rolled out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from bot import declared_runbooks
from bot.cli.replay import judged_again
from bot.config import load
from bot.store.mac_chain import Chain
from bot.store.timelines import TimelineStore
from handlers.domain.alerts import Alert, IncidentIdentity
from handlers.domain.events import Event
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked
from handlers.domain.events.lifecycle import Closed
from handlers.domain.events.regrouping import AlertsGiven, AlertsTaken, MergeAsked
from measure.accuracy.smaller import MODELS
from runbooks.all_runbooks import RUNBOOKS
from runbooks.declared.unjudged import without_runbook
from runbooks.evidence import Evidence
from runbooks.model import Diagnosis, Runbook, Verdict
from runbooks.posture.history import with_history
from runbooks.posture.samples import Sample
from tests.bot.cli.test_app import run
from tests.bot.conftest import WriteConfig
from tests.bot.incidents import quorum_loss
from tests.builders import ALICE, NOON, alert, evidence, opened
from tests.runbooks.declared.texts import declared, in_use

SHIPPED = "cluster-upgrade"
Judge = Callable[[Evidence], Diagnosis]


def documents(runbook: str) -> list[Evidence]:
    """Readings of the runbook's own model, with its samples; without one, of a healthy cluster."""
    if runbook not in MODELS:
        return [quorum_loss(), evidence()] if runbook == "leader-election" else [evidence()]
    cases = [case for _, case in zip(range(8), MODELS[runbook](3), strict=False)]
    return [
        with_history(Evidence.model_validate(case.evidence), msgspec.convert(case.samples, list[Sample]))
        if case.samples
        else Evidence.model_validate(case.evidence)
        for case in cases
    ]


def story(named: str, given: Alert, judge: Judge, *read: Evidence) -> list[Event]:
    """An incident that was opened by an alert, read, and judged as it was then."""
    events: list[Event] = [opened(given, runbook=named)]
    for each in read:
        events += [EvidenceRead(at=NOON, evidence=each), FindingsRanked(at=NOON, diagnosis=judge(each))]
    return events


def otherwise(judge: Judge) -> Judge:
    """Return a judge of then, which was less sure of its first finding."""

    def judged(read: Evidence) -> Diagnosis:
        today = judge(read)
        wrong = Verdict.POSSIBLE if today.top.verdict is not Verdict.POSSIBLE else Verdict.LIKELY
        first = today.top.model_copy(update={"verdict": wrong})
        return today.model_copy(update={"findings": (first, *today.findings[1:])})

    return judged


class Past:
    """The incidents that a bot with this configuration keeps."""

    def __init__(self, config: Path, redis: Redis) -> None:
        settings = load(config)
        self.config = config
        self.store = TimelineStore(redis, settings.redis.prefix, Chain.of(settings.agents))

    async def keep(self, *events: Event) -> str:
        kept = await self.store.claim(IncidentIdentity("demo", f"alert:{len(await self.store.given_out())}"))
        await self.store.append(await self.store.load(kept), *events)
        return kept

    async def replayed(self) -> tuple[int, list[str], str]:
        code, out, err = await run("replay", "--all", "--config", str(self.config))
        return code, out.splitlines(), err


def runbooks() -> list[Runbook]:
    return [*RUNBOOKS.values(), declared_runbooks.read(declared_runbooks.shipped()[SHIPPED])]


@pytest.fixture
def past(write_config: WriteConfig, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Past:
    """A bot's past, with a runbook of text in its configuration; what that adds is taken away again."""
    config = write_config()
    config.write_text(f'runbooks = ["{SHIPPED}"]\n{config.read_text()}')
    own = dict(RUNBOOKS)
    for where in ("runbooks.all_runbooks", "bot.add_ons", "bot.cli.replay"):
        monkeypatch.setattr(f"{where}.RUNBOOKS", own)
    return Past(config, redis)


async def keep_one_of_each(past: Past) -> int:
    """Keep an incident of every runbook, one that was merged away, and one that no runbook knows."""
    readings = 0
    for runbook in runbooks():
        read = documents(runbook.NAME)
        readings += len(read)
        await past.keep(*story(runbook.NAME, alert(min(runbook.ALERTS)), runbook.diagnose, *read))
    await past.keep(*story("alert:RootDiskFull", alert("RootDiskFull"), without_runbook, evidence()))
    return readings


@pytest.mark.process
async def test_what_every_runbook_says_today_is_what_it_said(past: Past) -> None:
    readings = await keep_one_of_each(past)
    code, out, err = await past.replayed()
    assert (code, err) == (0, "")
    assert out == [f"{readings} readings of {len(runbooks())} incidents: 0 judged otherwise today."]


@pytest.mark.process
async def test_each_rule_of_any_runbook_that_judges_otherwise_is_shown_and_fails(past: Past) -> None:
    await keep_one_of_each(past)
    changed = [
        await past.keep(
            *story(each.NAME, alert(min(each.ALERTS)), otherwise(each.diagnose), documents(each.NAME)[0])
        )
        for each in runbooks()
    ]
    await past.keep(*story("disk-full", alert("RootDiskFull"), without_runbook, evidence()))
    code, out, err = await past.replayed()
    assert (code, [line for line in out if line.startswith("inc-")]) == (1, changed)
    for each in runbooks():
        top = each.diagnose(documents(each.NAME)[0]).top
        assert any(line.startswith(f"  {top.cause}: ") and top.verdict.value in line for line in out)
    assert out[-1].endswith(f": {len(changed)} judged otherwise today. 1 incident left out.")
    assert "Its runbook disk-full is not loaded; name it in `runbooks`." in err


def changes(*events: Event) -> list[tuple[str, ...]]:
    again = judged_again("inc-1", events)
    assert again is not None
    return [each.changes for each in again]


def test_another_node_or_another_plan_is_something_else_than_was_said() -> None:
    runbook = RUNBOOKS["leader-election"]

    def of_node2(read: Evidence) -> Diagnosis:
        today = runbook.diagnose(read)
        (remedy,) = today.top.remedies
        less = remedy.model_copy(update={"actions": remedy.actions[:1]})
        first = today.top.model_copy(update={"nodes": ("node2",), "remedies": (less,)})
        return today.model_copy(update={"findings": (first, *today.findings[1:])})

    assert changes(*story(runbook.NAME, alert(), of_node2, quorum_loss())) == [
        ("quorum_loss: on node2 then, node2, node3 now", "start_nodes: another plan now")
    ]


def test_both_ends_of_a_merge_are_judged_by_their_own_runbooks() -> None:
    lag, election = RUNBOOKS["replication-lag"], RUNBOOKS["leader-election"]
    second = alert("HighReplicationLag")
    taken = AlertsTaken(at=NOON, of="inc-2", asked=4, by=ALICE, merged=True, runbooks=(lag.NAME,))
    assert changes(*story(election.NAME, alert(), election.diagnose, quorum_loss()), taken) == [()]
    given = (
        MergeAsked(at=NOON, by=ALICE, into="inc-1"),
        AlertsGiven(at=NOON, to="inc-1", fingerprints=(second.fingerprint,)),
        Closed(at=NOON, detail="Merged into inc-1 by alice."),
    )
    (changed,) = changes(*story(lag.NAME, second, otherwise(lag.diagnose), evidence()), *given)
    assert len(changed) == 1
    assert changed[0].startswith(f"{lag.diagnose(evidence()).top.cause}: ")


def test_an_alert_that_no_runbook_knew_is_judged_by_the_one_that_takes_it_today() -> None:
    unknown = story("alert:RootDiskFull", alert("RootDiskFull"), without_runbook, evidence())
    assert judged_again("inc-1", unknown) is None
    with in_use(declared()):
        (changed,) = changes(*unknown)
    assert changed == (
        "no_runbook: undetermined then, not judged now",
        "disk_full_unjudged: not judged then, undetermined now",
    )
