"""The sample store forgets and goes stale as Prometheus does."""

from lab.alerting.samples import LOOKBACK_S, RETENTION_S, SampleStore, labels_of

LEADER = labels_of({"__name__": "role", "state": "leader"})
FOLLOWER = labels_of({"__name__": "role", "state": "follower"})


def test_a_series_that_a_scrape_no_longer_shows_is_gone_at_once():
    store = SampleStore()
    store.record("node1", 0.0, {LEADER: 1.0})
    store.record("node1", 1.0, {FOLLOWER: 1.0})
    assert store.instant(lambda _: True, 1.0) == {FOLLOWER: 1.0}


def test_another_nodes_scrape_makes_nothing_stale():
    store = SampleStore()
    store.record("node1", 0.0, {LEADER: 1.0})
    store.record("node2", 1.0, {FOLLOWER: 1.0})
    assert store.instant(lambda _: True, 1.0) == {LEADER: 1.0, FOLLOWER: 1.0}


def test_a_stale_mark_is_no_sample_of_a_range():
    store = SampleStore()
    for at_s, scraped in ((0.0, {LEADER: 1.0}), (1.0, {}), (2.0, {LEADER: 3.0})):
        store.record("node1", at_s, scraped)
    assert store.window(lambda _: True, -1.0, 2.0) == {LEADER: [(0.0, 1.0), (2.0, 3.0)]}


def test_a_target_that_is_no_longer_scraped_is_looked_back_at_for_a_while():
    store = SampleStore()
    store.record("node1", 0.0, {LEADER: 1.0})
    assert store.instant(lambda _: True, LOOKBACK_S - 1) == {LEADER: 1.0}
    assert store.instant(lambda _: True, LOOKBACK_S + 1) == {}


def test_a_machine_that_slept_past_the_retention_goes_on():
    store = SampleStore()
    store.record("node1", 0.0, {LEADER: 1.0})
    store.record("node2", 2 * RETENTION_S, {FOLLOWER: 1.0})
    store.record("node1", 2 * RETENTION_S, {})
    assert store.instant(lambda _: True, 2 * RETENTION_S) == {FOLLOWER: 1.0}
