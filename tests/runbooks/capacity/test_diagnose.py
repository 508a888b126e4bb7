"""What takes a node's disk, memory or CPU, and in how many days it is full."""

from __future__ import annotations

import pytest

from runbooks import capacity
from runbooks.capacity.causes import CAUSES
from runbooks.evidence import History, NodeEvidence, Service
from runbooks.model import BY_HAND, Verdict
from tests.builders import dead, known, missing, silent
from tests.runbooks.capacity.hosts import GIB, MIB, cluster, diagnose, disk, filling, gib_a_day, host

NEAR_LIMIT = {"memory_bytes": 9 * GIB}
OOM = known(Service(state="active", pid=9, boot_id="boot-1", running_s=600, restarts=3, result="oom-kill"))
USUAL = History(usual_cores=0.4, usual_commits_per_s=20.0)

FAULTS: dict[str, tuple[NodeEvidence, Verdict]] = {
    "log_stopped": (host(free_gib=0.05), Verdict.CONFIRMED),
    "log_grows": (host(free_gib=6, history=filling(2, log=1.9)), Verdict.CONFIRMED),
    "data_grows": (host(free_gib=6, history=filling(2, data=1.9)), Verdict.CONFIRMED),
    "others_fill_disk": (host(free_gib=6, history=filling(2)), Verdict.CONFIRMED),
    "disk_taken": (host(free_gib=6, history=filling(0)), Verdict.CONFIRMED),
    "disk_unexplained": (host(free_gib=6), Verdict.UNDETERMINED),
    "memory_grows": (host(page=NEAR_LIMIT, history=History(memory_bytes=gib_a_day(0.5))), Verdict.LIKELY),
    "memory_tight": (host(page=NEAR_LIMIT, history=History(memory_bytes=gib_a_day(0.0))), Verdict.LIKELY),
    "memory_unexplained": (host(page=NEAR_LIMIT), Verdict.UNDETERMINED),
    "killed_for_memory": (host(page=NEAR_LIMIT, service=OOM), Verdict.CONFIRMED),
    "writes_heavy": (host(cores=1.2, commits=90, history=USUAL), Verdict.LIKELY),
    "cpu_as_usual": (host(cores=1.2, history=History(usual_cores=1.1)), Verdict.LIKELY),
    "cpu_unexplained": (host(cores=1.2, history=USUAL), Verdict.UNDETERMINED),
    "capacity_enough": (host(), Verdict.CONFIRMED),
}


@pytest.mark.parametrize("cause", FAULTS)
def test_each_cause_is_found_on_the_node_that_has_it(cause: str) -> None:
    changed, verdict = FAULTS[cause]
    top = diagnose(changed).top
    assert (top.cause, top.verdict) == (cause, verdict)
    assert top.nodes == (() if cause == "capacity_enough" else ("node3",))


def test_every_word_has_a_case_here() -> None:
    assert FAULTS.keys() == CAUSES.keys()


@pytest.mark.parametrize("cause", FAULTS)
def test_nothing_has_a_button_and_people_are_told_what_to_do(cause: str) -> None:
    found = diagnose(FAULTS[cause][0])
    assert found.offers == ()
    told = [remedy for remedy in found.top.remedies if remedy.name == BY_HAND and not remedy.offered]
    assert len(told) == (0 if cause == "capacity_enough" else 1)


@pytest.mark.parametrize("cause", [cause for cause in FAULTS if "disk" in cause or "log" in cause])
def test_whoever_makes_room_is_told_what_never_to_delete(cause: str) -> None:
    assert "Never delete or move files of the data folder or of the write-ahead log" in CAUSES[cause].by_hand


def test_a_disk_that_fills_is_told_in_days_to_the_hard_stop_and_not_to_the_alert() -> None:
    found = diagnose(FAULTS["log_grows"][0])
    assert (
        found.summary
        == "The write-ahead log takes the disk of node3 and is not compacted: 3 days to the log's hard stop."
    )
    assert found.top.evidence_for[0] == (
        "node3: 6.0 GiB free, the alert's bound is 10 GiB (bot); loses 2.0 GiB a day (over 3 days):"
        " 3 days to the log's hard stop at 100 MiB"
    )


def test_memory_that_grows_is_told_in_days_to_its_limit() -> None:
    assert diagnose(FAULTS["memory_grows"][0]).summary == (
        "Probably the memory of node3 grows towards its limit: 2 days to the limit."
    )


LEFT_OPEN = {
    "several gain a third each": (host(free_gib=6, history=filling(3, log=1, data=1)), "none of it is most"),
    "the sizes of log and data were not read": (
        host(free_gib=6, history=History(free_bytes=gib_a_day(-2))),
        "the sizes of log and data",
    ),
    "the log's gain is as uncertain as it is large": (
        host(
            free_gib=6,
            history=filling(2).model_copy(update={"log_bytes": gib_a_day(1.0, error=1.0)}),
        ),
        "none of it is most",
    ),
    "page and agent see two file systems": (host(free_gib=6, disk=disk(80 * GIB)), "which file system"),
    "writes that do not explain so much": (
        host(cores=3.0, commits=60, history=USUAL),
        "what node3 is busy with",
    ),
}


@pytest.mark.parametrize("what", LEFT_OPEN)
def test_a_guess_is_left_open_with_what_would_decide(what: str) -> None:
    changed, lacks = LEFT_OPEN[what]
    top = diagnose(changed).top
    assert top.verdict is Verdict.UNDETERMINED
    assert top.would_decide and lacks in top.would_decide


NOT_READ = {
    "a disk of which the page says nothing": (
        host(page={"disk_free_bytes": None}, disk=missing("no answer")),
        "disk of node3",
    ),
    "a second sample of CPU": (host(metrics_again=missing("no answer")), "CPU of node3"),
    "a service that may have been killed": (host(service=missing("no answer")), "service of node3"),
    "a whole node": (silent("node3"), "disk, memory, CPU and service of node3"),
    "what its page does not show": (
        host(page={"memory_bytes": None, "cpu_seconds_total": None}),
        "memory and CPU of node3, not shown on the page",
    ),
    "a memory limit of none": (
        host(page={"memory_limit_bytes": 0}),
        "memory of node3, not shown on the page",
    ),
}


@pytest.mark.parametrize("what", NOT_READ)
def test_what_was_not_read_is_never_enough(what: str) -> None:
    changed, lacks = NOT_READ[what]
    top = diagnose(changed).top
    assert (top.cause, top.verdict, top.would_decide) == ("capacity_enough", Verdict.UNDETERMINED, lacks)


def test_nodes_of_which_the_same_was_not_read_share_a_phrase() -> None:
    top = diagnose(*map(silent, ("node1", "node2", "node3"))).top
    assert top.would_decide == "disk, memory, CPU and service of node1, node2 and node3"


@pytest.mark.parametrize("free_bytes", [0, 99 * 2**20])
def test_a_log_without_room_is_likely_by_the_page_alone(free_bytes: int) -> None:
    found = diagnose(host(page={"disk_free_bytes": free_bytes}, disk=missing("no answer"))).top
    assert (found.cause, found.verdict) == ("log_stopped", Verdict.LIKELY)


def test_what_no_page_shows_is_not_known_to_be_enough() -> None:
    """Its alert ends where its figure goes away, so the end of the alert proves nothing."""
    bare = {"memory_limit_bytes": None, "cpu_seconds_total": None}
    nodes = [host(name, page=bare) for name in ("node1", "node2", "node3")]
    top = diagnose(*nodes).top
    assert (top.cause, top.verdict) == ("capacity_enough", Verdict.UNDETERMINED)
    recovery = capacity.is_recovered(cluster(*nodes))
    assert not recovery.is_recovered
    assert "memory and CPU of node1, node2 and node3, not shown on the page" in recovery.sentence


def test_a_page_without_figures_leaves_what_is_known_as_it_is() -> None:
    bare = {"memory_limit_bytes": None, "cpu_seconds_total": None, "disk_free_bytes": None}
    assert diagnose(host(free_gib=6, page=bare, history=filling(0))).top.cause == "disk_taken"


def test_a_stopped_process_takes_neither_memory_nor_cpu_and_its_disk_counts() -> None:
    assert diagnose(dead("node3")).top.verdict is Verdict.CONFIRMED
    assert diagnose(dead("node3", disk=disk(50 * MIB))).top.cause == "log_stopped"


def test_the_bounds_are_those_of_the_alerts() -> None:
    at_them = host(free_gib=10.0, page={"memory_bytes": 85, "memory_limit_bytes": 100}, cores=0.9)
    assert diagnose(at_them).top.cause == "capacity_enough"
    assert capacity.is_recovered(cluster(at_them)).is_recovered


def test_a_disk_within_the_bound_that_stops_soon_is_named_all_the_same() -> None:
    top = diagnose(host(free_gib=20, history=filling(15))).top
    assert (top.cause, top.evidence_against) == (
        "capacity_enough",
        ("node3: 32 h to the log's hard stop",),
    )


def test_a_small_volume_of_the_log_that_the_alert_does_not_see_leaves_it_in_doubt() -> None:
    top = diagnose(host(free_gib=50, disk=disk(150 * MIB))).top
    assert (top.cause, top.verdict) == ("capacity_enough", Verdict.POSSIBLE)
    (against,) = top.evidence_against
    assert against.startswith("node3: 150 MiB free where its log lies (agent:node3)")


def test_a_kill_of_which_only_the_pod_still_tells_is_no_cause_of_today() -> None:
    long_ago = Service(state="active", pid=9, boot_id="b", running_s=9e6, restarts=1, result="oom-kill")
    assert diagnose(host(service=known(long_ago))).top.cause == "capacity_enough"


def test_it_has_recovered_when_every_condition_is_known_to_be_false() -> None:
    assert capacity.is_recovered(cluster()).is_recovered
    unread = {what for what in NOT_READ if "killed" not in what}
    for changed in (
        *(FAULTS[c][0] for c in FAULTS if c != "capacity_enough"),
        *(NOT_READ[w][0] for w in unread),
    ):
        assert not capacity.is_recovered(cluster(changed)).is_recovered


def test_there_is_nothing_to_plan() -> None:
    read = cluster(FAULTS["log_grows"][0])
    with pytest.raises(KeyError):
        capacity.plan(capacity.diagnose(read).top.remedies[0], read)


@pytest.mark.parametrize("gains", [{"data": 0.7}, {"log": 0.7}])
def test_a_disk_that_does_not_lose_what_lies_on_it_gains_is_not_called_steady(
    gains: dict[str, float],
) -> None:
    top = diagnose(host(free_gib=6, history=filling(0, **gains))).top
    assert (top.cause, top.verdict) == ("disk_unexplained", Verdict.UNDETERMINED)
    assert top.would_decide == "why the disk of node3 does not lose what its log or its data gains"
    assert diagnose(host(free_gib=6, history=filling(0, data=0.05))).top.cause == "disk_taken"


@pytest.mark.parametrize(("error_gib", "cause"), [(0.8, "disk_taken"), (0.9, "disk_unexplained")])
def test_a_disk_that_may_be_full_within_a_week_is_not_called_steady(error_gib: float, cause: str) -> None:
    steady = History(disk_span_s=3 * 86_400.0, free_bytes=gib_a_day(0.0, error_gib))
    assert diagnose(host(free_gib=6, history=steady)).top.cause == cause
