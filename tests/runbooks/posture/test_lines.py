"""Each line on a healthy cluster, on one that is wrong there, and on one that could not be read there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from runbooks.evidence import Clock, Config, Disk, Evidence, Service
from runbooks.posture import judge
from runbooks.posture.inventory import Inventory
from runbooks.posture.model import Check, Line, Posture, Severity
from runbooks.posture.rules import RULES
from runbooks.posture.samples import KEPT_SAMPLES, Sample, sample_of
from tests.builders import GB, NOON, dead, evidence, healthy, known, missing, node, silent

QUARTER = timedelta(minutes=15)
WELL = Inventory(agent_versions=dict.fromkeys(("node1", "node2", "node3"), "1.0"), bot_version="1.0")


def watched(
    days: float = 4.0, change: Callable[[Sample, int], Sample] = lambda sample, _: sample
) -> tuple[Sample, ...]:
    """Samples of a healthy cluster up to noon; `change` gets how many quarters of an hour are left."""
    left = range(int(days * 96), 0, -1)
    calm = sample_of(evidence())
    return tuple(change(structs.replace(calm, at=NOON - n * QUARTER), n) for n in left)


def line(check: Check, read: Evidence | None = None, samples: Iterable[Sample] = ()) -> Line:
    found = judge(read or evidence(), WELL, tuple(samples)).line(check)
    assert found
    return found


def on_node2(**readings: Any) -> Evidence:
    first, _, third = healthy()
    return evidence(first, node("node2", commits=5, **readings), third)


def clock(offset_ms: float = 0.0, **changes: Any) -> Any:
    values = {"error_ms": 1, "synchronised": True, "source": "other.ntp"}
    return known(Clock(offset_ms=offset_ms, **{**values, **changes}))


def config(**changes: Any) -> Any:
    values = {"election_timeout_min_ms": 150, "election_timeout_max_ms": 300, "heartbeat_interval_ms": 50}
    return known(Config(path="/c", sha256="ab" * 32, **{**values, **changes}))


def disk(free_bytes: int, **changes: Any) -> Any:
    return known(Disk(path="/d", free_bytes=free_bytes, total_bytes=100 * GB, **changes))


def with_node2(sample: Sample, **figures: Any) -> Sample:
    nodes = {**sample.nodes, "node2": structs.replace(sample.nodes["node2"], **figures)}
    return structs.replace(sample, nodes=nodes)


def with_pair(sample: Sample, **figures: Any) -> Sample:
    first, *others = sample.pairs
    return structs.replace(sample, pairs=(structs.replace(first, **figures), *others))


def slow(when: Callable[[int], bool], days: float = 1.0) -> tuple[Sample, ...]:
    """Samples whose slowest pair took 80 ms now and then, and 1 ms else."""
    return watched(
        days, lambda sample, left: structs.replace(sample, slowest_rtt_ms=80.0 if when(left) else 1.0)
    )


def test_every_check_has_a_rule_with_its_source_and_a_line():
    posture = judge(evidence(), WELL)
    assert {each.check for each in posture.lines} == set(Check) == set(RULES)
    assert len(posture.lines) == len(Check)
    assert all(rule.sentence and rule.source for rule in RULES.values())


def test_a_watched_healthy_cluster_has_nothing_to_tell():
    service = known(Service(state="active", restarts=0))
    read = evidence(*(each.model_copy(update={"service": service}) for each in healthy()))
    calm = sample_of(read)
    posture = judge(read, WELL, watched(4.0, lambda sample, _: structs.replace(calm, at=sample.at)))
    assert [each.check for each in posture.of(Severity.CRITICAL, Severity.WARNING)] == []
    assert [each.check for each in posture.of(Severity.NOTICE)] == [Check.TIME_SOURCES]
    assert [each.check for each in posture.of(Severity.UNKNOWN)] == [Check.ZONES, Check.HOSTS]


def test_of_a_cluster_that_cannot_be_read_nothing_is_fine_but_the_number_of_its_voters():
    posture = judge(evidence(silent("node1"), silent("node2"), silent("node3")), WELL)
    assert [each.check for each in posture.of(Severity.FINE)] == [Check.VOTERS]


def test_the_same_readings_give_the_same_words():
    assert judge(evidence(), WELL, watched()) == judge(evidence(), WELL, watched())


@pytest.mark.parametrize(
    ("check", "read", "severity", "says"),
    [
        (Check.CLOCK_OFFSET, on_node2(clock=clock(700)), "warning", "node2 +700 ms"),
        (Check.CLOCK_OFFSET, on_node2(clock=clock(-300)), "notice", "node2 -300 ms"),
        (Check.CLOCK_OFFSET, on_node2(clock=missing("chronyc is not there")), "not known", "node2"),
        (Check.CLOCK_OFFSET, on_node2(clock=clock(10, error_ms=900)), "not known", "error bound of 900 ms"),
        (Check.TIME_SERVICE, on_node2(clock=clock(synchronised=False)), "warning", "node2 follows no time"),
        (Check.TIME_SERVICE, on_node2(clock=clock(source="7F7F0101")), "warning", "node2 follows no time"),
        (
            Check.TIME_SERVICE,
            on_node2(clock=clock(ntp_service_active=False)),
            "notice",
            "not enabled on node2",
        ),
        (Check.TIME_SOURCES, evidence(), "notice", "all 3 nodes follow ntp.example"),
        (Check.TIME_SOURCES, on_node2(clock=clock()), "fine", "2 sources: ntp.example and other.ntp"),
        (
            Check.EQUAL_TIMEOUTS,
            on_node2(timeouts_ms=(300, 600)),
            "warning",
            "150/300 ms on most and 300/600 ms on node2",
        ),
        (Check.EQUAL_TIMEOUTS, on_node2(config=missing("no such file")), "not known", "node2"),
        (
            Check.CONFIGURATION,
            on_node2(config=config(heartbeat_interval_ms=90)),
            "warning",
            "50 ms and 90 ms",
        ),
        (Check.CONFIGURATION, on_node2(config=config(malformed=True)), "warning", "node2: not valid TOML"),
        (Check.DISK, on_node2(disk=disk(9 * GB)), "warning", "less than 10 GiB free: node2 (8.3 GiB free)"),
        (Check.DISK, on_node2(disk=disk(90_000_000)), "critical", "cannot be written on node2 (85 MiB"),
        (Check.DISK, on_node2(disk=disk(50 * GB, read_only=True)), "critical", "node2 (read-only)"),
        (Check.DISK, on_node2(disk=disk(104_000_000)), "critical", "cannot be written on node2 (99 MiB"),
        (Check.DISK, on_node2(disk=disk(50 * GB, free_inodes=0)), "critical", "node2 (0 inodes left)"),
        (Check.DISK, on_node2(disk=disk(10_500_000_000)), "warning", "less than 10 GiB free: node2 (9.7 GiB"),
        (Check.DISK, on_node2(disk=missing("no path")), "not known", "node2"),
        (Check.LINKS, on_node2(cuts={("node2", "node3"): "timeout"}), "warning", "node2 → node3"),
        (Check.LINKS, on_node2(connects=missing("no time")), "not known", "links from node2"),
        (Check.LINK_LOSS, on_node2(pings=missing("no right")), "not known", "no ping was sent from node2"),
        (Check.LAG, on_node2(commit_index=2000), "warning", "node1 by 1900 and node3 by 1900"),
        (
            Check.AGENTS,
            evidence(*healthy()[:2], silent("node3")),
            "warning",
            "no answer from node3: ",
        ),
    ],
)
def test_what_is_wrong_now(check: Check, read: Evidence, severity: str, says: str):
    found = line(check, read, watched())
    assert (found.severity.value, says in found.fact) == (severity, True), found.fact


def test_where_no_timeouts_are_those_of_most_nodes_it_is_said_who_has_which():
    two = evidence(
        node("node1", names=("node1", "node2")),
        node("node2", names=("node1", "node2"), timeouts_ms=(300, 600)),
    )
    found = line(Check.EQUAL_TIMEOUTS, two)
    assert found.fact == "150/300 ms on node1 and 300/600 ms on node2"
    assert found.nodes == ("node1", "node2")
    first, *_ = healthy()
    third = node("node3", timeouts_ms=(500, 900))
    read = evidence(first, node("node2", timeouts_ms=(300, 600)), third)
    assert line(Check.EQUAL_TIMEOUTS, read).fact == (
        "150/300 ms on node1, 300/600 ms on node2 and 500/900 ms on node3"
    )


def test_members_that_one_file_lacks():
    peers = {"node1": ("b:1", "c:1"), "node2": ("a:1", "c:1"), "node3": ("a:1",)}
    alike = evidence(
        *(node(name, config=config(peers=peers[name])) for name in ("node1", "node2")), healthy()[2]
    )
    assert line(Check.CONFIGURATION, alike).severity is Severity.FINE
    odd = evidence(*(node(name, config=config(peers=each)) for name, each in peers.items()))
    found = line(Check.CONFIGURATION, odd)
    assert found.fact == "the files differ: node3 lacks 1 member that others name"
    assert found.nodes == ("node3",)


class TestTimeouts:
    """Ten one-way latencies of the slowest pair, over a day and not at one moment."""

    def test_a_round_trip_that_is_slow_now_and_then_counts(self):
        found = line(Check.ELECTION_TIMEOUTS, None, slow(lambda left: left < 9))
        assert found.severity is Severity.WARNING
        assert "round trip of the slowest pair 1.0 ms (median of a day), 80.0 ms (95th" in found.fact
        assert found.advice == "set 600 to 1200 ms on every node"

    @pytest.mark.parametrize("days", [0.04, 1.0])
    def test_one_slow_reading_says_nothing_of_the_day_after_it(self, days: float):
        found = line(Check.ELECTION_TIMEOUTS, None, slow(lambda left: left == 2, days))
        assert found.severity is Severity.FINE, found.fact

    def test_fast_links_leave_the_default_alone(self):
        assert line(Check.ELECTION_TIMEOUTS, None, watched(1.0)).severity is Severity.FINE

    def test_a_timeout_of_less_than_two_heartbeats_is_too_short_whatever_the_links(self):
        read = evidence(
            *(node(n, config=config(heartbeat_interval_ms=100)) for n in ("node1", "node2", "node3"))
        )
        found = line(Check.ELECTION_TIMEOUTS, read)
        assert found.severity is Severity.WARNING
        assert found.advice == "set 600 to 1200 ms on every node"


class TestTrends:
    def test_a_drifting_clock_is_told_with_the_hour_at_which_it_crosses(self):
        drifting = watched(1.0, lambda sample, left: with_node2(sample, offset_ms=200.0 - left * 2.5))
        found = line(Check.CLOCK_DRIFT, on_node2(clock=clock(200.0)), drifting)
        assert found.severity is Severity.WARNING
        assert found.fact == "node2 crosses 500 ms in 30 h (Wed 18:00 UTC)"

    def test_a_clock_that_wavers_or_comes_back_is_not(self):
        wavering = watched(1.0, lambda sample, left: with_node2(sample, offset_ms=100.0 * (left % 2)))
        coming = watched(1.0, lambda sample, left: with_node2(sample, offset_ms=100.0 + left * 2.5))
        for samples in (wavering, coming):
            assert line(Check.CLOCK_DRIFT, on_node2(clock=clock(100.0)), samples).severity is Severity.FINE

    def test_a_disk_that_fills_is_told_in_days_to_the_hard_stop(self):
        filling = watched(
            3.0, lambda sample, left: with_node2(sample, free_bytes=int(20 * GB + left * 0.05 * GB))
        )
        found = line(Check.DISK, on_node2(disk=disk(20 * GB)), filling)
        assert found.severity is Severity.WARNING
        assert found.fact == "reaches the log's hard stop: node2 in 4 days (18.6 GiB free)"

    def test_elections_are_held_against_the_clusters_own_days(self):
        def elected(per_day: int, today: int) -> tuple[Sample, ...]:
            def count(sample: Sample, left: int) -> Sample:
                before = (4 * 96 - left) * per_day // 96
                return with_node2(sample, elections_total=3 + before + max(0, 96 - left) * today // 96)

            return watched(4.0, count)

        assert line(Check.ELECTIONS, None, elected(0, 0)).fact == "0 in the last day, usually 0"
        read = on_node2(elections=(20, 20))
        found = line(Check.ELECTIONS, read, elected(2, 16))
        assert found.severity is Severity.WARNING, found.fact
        assert line(Check.ELECTIONS, on_node2(elections=(43, 43)), elected(10, 0)).severity is Severity.FINE

    def test_days_on_which_nobody_looked_are_no_quiet_days(self):
        def count(sample: Sample, left: int) -> Sample:
            return with_node2(sample, elections_total=3 + (6 * 96 - left) * 8 // 96)

        whole = watched(6.0, count)
        read = on_node2(elections=(51, 51))
        assert line(Check.ELECTIONS, read, whole).fact == "8 in the last day, usually 8"
        nobody_looked_today = whole[: 5 * 96]
        assert line(Check.ELECTIONS, read, nobody_looked_today).severity is Severity.UNKNOWN
        with_a_hole = [*whole[: 2 * 96], *whole[5 * 96 :]]
        found = line(Check.ELECTIONS, read, with_a_hole)
        assert found.severity is not Severity.WARNING
        assert found.fact == "8 in the last day, usually 8", "three days are missing, two are left"

    def test_what_is_usual_takes_days_to_know(self):
        assert line(Check.ELECTIONS).severity is Severity.UNKNOWN
        assert "the baseline takes three days" in line(Check.ELECTIONS, None, watched(2.0)).fact

    def test_restarts_of_a_day_are_counted_and_older_ones_are_not(self):
        service = Service(state="active", restarts=9, result="oom-kill")
        read = on_node2(service=known(service, by="agent:node2"))
        old = watched(2.0, lambda sample, left: with_node2(sample, restarts=9 if left < 120 else 5))
        new = watched(2.0, lambda sample, left: with_node2(sample, restarts=9 if left < 50 else 5))
        assert line(Check.RESTARTS, read, old).severity is not Severity.WARNING
        found = line(Check.RESTARTS, read, new)
        assert found.severity is Severity.WARNING
        assert found.fact == "in the last day node2 4 times (last: oom-kill)"

    def test_loss_needs_pings_enough_to_be_sure_of(self):
        _, *others = healthy()
        losing = evidence(node("node1", lost_pings=1), *others)
        assert line(Check.LINK_LOSS, losing).severity is Severity.FINE, "1 of 20 may be chance"
        found = line(Check.LINK_LOSS, losing, watched(1.0, lambda sample, _: with_pair(sample, received=18)))
        assert found.severity is Severity.WARNING
        assert "node1 → node2 lost 10% of" in found.fact

    def test_a_pair_that_became_slower_than_it_was(self):
        slower = watched(2.0, lambda sample, left: with_pair(sample, rtt_ms=30.0 if left < 20 else 1.0))
        found = line(Check.LINK_LATENCY, None, slower)
        assert found.severity is Severity.WARNING
        assert found.fact == "slower than usual: node1 → node2 30.0 ms, usually 1.0 ms"


def test_agents_in_another_version_or_of_none():
    versions = {"node1": "1.0", "node2": "0.9", "node3": "1.0"}
    older = judge(evidence(), Inventory(agent_versions=versions, bot_version="1.0")).line(Check.AGENTS)
    untold = judge(evidence(), Inventory(bot_version="1.0")).line(Check.AGENTS)
    assert older and untold
    assert (older.severity, older.nodes) == (Severity.NOTICE, ("node2",))
    assert untold.severity is Severity.UNKNOWN


def test_a_dead_node_does_not_hide_what_the_others_say():
    first, second, _ = healthy()
    assert line(Check.LAG, evidence(first, second, dead("node3"))).severity is Severity.FINE


class TestFiftyOneNodes:
    """A posture stays one screen, and a sample small, however large the cluster."""

    @staticmethod
    def read() -> Posture:
        names = [f"node{number}" for number in range(51)]
        nodes = [node(name, names=names, lost_pings=number % 3) for number, name in enumerate(names)]
        kept = sample_of(evidence(*nodes))
        samples = [structs.replace(kept, at=NOON - n * QUARTER) for n in range(KEPT_SAMPLES, 0, -1)]
        return judge(evidence(*nodes), WELL, tuple(samples))

    def test_no_line_names_more_nodes_than_a_sentence_holds(self):
        posture = self.read()
        assert len(posture.lines) == len(Check)
        assert max(len(each.fact) for each in posture.lines) < 250
