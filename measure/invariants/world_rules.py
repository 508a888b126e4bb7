"""What happens to people, nodes and links, unasked by the bot."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from measure.invariants.clock import Clock
from measure.invariants.cluster import SLOW_ROUND_TRIP_MS, Cluster
from measure.invariants.effects import Fate
from measure.invariants.fleet import Fleet
from measure.invariants.replica import People
from measure.invariants.team import CAROL, GROUPS
from tests.builders import ALICE

TEAM = ("alice leaves", "carol leaves", "all are back", "slack is away", "slack is back")
NODE = ("dies", "boots", "starts", "edited", "skews", "vanishes", "returns")
WEATHER = ("cut", "mended", "slow", "fast", "leader appears", "leader goes")
FATES: tuple[Fate, ...] = ("request_delayed", "answer_lost", "agent_dies_before", "agent_dies_after")

newest_first = st.integers(0, 5)
places = st.integers(0, 2)


class WorldRules:
    """The rules of the state machine that need no bot."""

    clock: Clock
    cluster: Cluster
    fleet: Fleet
    people: People

    @rule(what=st.sampled_from(TEAM))
    def the_team_changes(self, what: str) -> None:
        """Change groups; let Slack come and go."""
        match what:
            case "alice leaves":
                self.people.groups.pop(ALICE.id, None)
            case "carol leaves":
                self.people.groups.pop(CAROL.id, None)
            case "all are back":
                self.people.groups = dict(GROUPS)
            case _:
                self.people.answers = what == "slack is back"

    @rule(seconds=st.sampled_from((1.0, 5.0, 20.0, 40.0, 61.0, 300.0, 700.0)))
    def time_passes(self, seconds: float) -> None:
        """Let seconds to minutes pass."""
        self.clock.pass_s(seconds)

    @rule(place=places, what=st.sampled_from(NODE))
    def node_changes(self, place: int, what: str) -> None:
        """Let something become of a node, unasked by the bot."""
        node = self.cluster.nodes[self.cluster.names[place]]
        match what:
            case "dies":
                node.active = False
            case "boots":
                node.boot_again()
                self.fleet.come_back(node.name, booted=True)
            case "starts" if not node.active:
                node.start()
            case "edited":
                low, high, _ = node.file
                node.file = (low, high, f"edited at {self.clock.s}")
            case "skews":
                node.offset_ms = 0.0 if node.offset_ms else 3000.0
            case "vanishes":
                node.agent_answers = False
            case "returns":
                self.fleet.come_back(node.name)
            case _:
                pass

    @rule(one=places, other=places, what=st.sampled_from(WEATHER))
    def weather_changes(self, one: int, other: int, what: str) -> None:
        """Change links, and the luck of elections."""
        names, cluster = self.cluster.names, self.cluster
        match what:
            case "cut" if one != other:
                cluster.cuts.add((names[one], names[other]))
            case "mended":
                cluster.cuts.clear()
            case "slow" | "fast":
                cluster.round_trip_ms = SLOW_ROUND_TRIP_MS if what == "slow" else 1.0
            case "leader appears":
                cluster.unlucky_until_s = 0.0
                cluster.settle()
            case "leader goes":
                cluster.leader, cluster.unlucky_until_s = None, self.clock.s + 30.0
            case _:
                pass

    @rule(fate=st.sampled_from(FATES))
    def next_commit_goes_wrong(self, fate: Fate) -> None:
        """Decide what becomes of the next grant, or of its answer."""
        self.fleet.fate = fate

    @rule(which=newest_first)
    def grant_arrives_again(self, which: int) -> None:
        """Deliver a grant late, or once more."""
        if self.fleet.sent:
            self.fleet.deliver(self.fleet.sent[-1 - which % len(self.fleet.sent)])
