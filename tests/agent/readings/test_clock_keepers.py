"""Which NTP service is asked: chronyd, or the one whose unit is active; none is started by a question."""

from __future__ import annotations

import pytest

from agent.errors import CommandError, NoClockKeeperError
from agent.readings.clock import read_clock
from agent.readings.reader import NodeReader
from agent.settings import Settings
from tests.agent.bed import Node
from tests.agent.playing import play

pytestmark = pytest.mark.process

DEBIAN_12 = "ntp/debian-12.txt"


async def test_timesyncd_is_read_where_it_keeps_the_clock(settings: Settings, node: Node):
    play(node, DEBIAN_12, "timesyncd, synchronised")
    clock = await read_clock(settings)
    assert (clock.kept_by, clock.synchronised, clock.source) == ("timesyncd", True, "10.0.2.2")
    assert clock.offset_ms == pytest.approx(4.658) and clock.ntp_service_active is True


async def test_ntpd_is_read_where_it_keeps_the_clock(settings: Settings, node: Node):
    play(node, DEBIAN_12, "ntpsec, synchronised")
    clock = await read_clock(settings)
    assert (clock.kept_by, clock.synchronised) == ("ntpd", True)
    assert clock.ntp_service_active is None, "timedatectl says NTP=no of an ntpd that is enabled"


async def test_where_none_is_active_that_is_said_and_none_is_asked(settings: Settings, node: Node):
    """A question for timesyncd makes D-Bus start it, as a real one did."""
    play(node, DEBIAN_12, "timesyncd, stopped and disabled")
    with pytest.raises(NoClockKeeperError, match="neither chrony, ntpsec, ntp nor systemd-timesyncd"):
        await read_clock(settings)
    assert node.calls("timedatectl timesync-status") == node.calls("timedatectl show-timesync") == 0


async def test_chronyd_that_is_active_and_silent_is_what_is_told(settings: Settings, node: Node):
    play(node, DEBIAN_12, "timesyncd, synchronised")
    units = node.folder / "systemctl.0"
    chrony = "Id=chrony.service\nLoadState=not-found\nActiveState=inactive"
    assert chrony in units.read_text()
    units.write_text(units.read_text().replace(chrony, chrony.replace("inactive", "active")))
    with pytest.raises(CommandError, match="506 Cannot talk to daemon"):
        await read_clock(settings)


async def test_chronyd_that_answers_is_asked_alone(settings: Settings, node: Node):
    assert (await read_clock(settings)).offset_ms == pytest.approx(2400)
    assert node.calls("systemctl show chrony") == 0


async def test_a_clock_that_takes_no_order_is_not_stepped(settings: Settings, node: Node):
    """The agent decides last, whatever the bot asked for."""
    play(node, DEBIAN_12, "timesyncd, synchronised")
    state = await NodeReader(settings).state()
    assert state.offset_ms is None and state.offset_error_ms is None
