"""Stand-ins for the commands that agents run: `python fake_commands.py NAME FOLDER ARGUMENT...`.

Started by the scripts in a node's `bin`, without site-packages: only the standard library, and nothing of
the lab. They answer in the real tools' formats, and to nothing but what an agent asks.
"""

from __future__ import annotations

import json
import random
import select
import socket
import struct
import sys
import time
import tomllib
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import quote

ROOT_DELAY_S, ROOT_DISPERSION_S = 0.000412, 0.000891
NO_SOURCE_FILE = "no_time_source"
"""Beside it chrony follows nothing, and prints what chronyd 4.3 does then."""

UNSYNCHRONISED = "1.000000000,1.000000000,0.0,Not synchronised"
PAYLOAD = struct.Struct("!I52x")  # 56 bytes, as ping sends
ECHO = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence number
CONTROL_TIMEOUT_S = 20.0


class CommandError(Exception):
    """What the real tool would print on stderr, and its exit code."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


def chronyc(folder: Path, arguments: list[str]) -> int:
    """Play `chronyc -c tracking` and `chronyc makestep`."""
    file = folder / "clock_offset_ms"
    if arguments == ["makestep"]:
        # A step leaves about a millisecond.
        (folder / "clock_offset_ms.step").write_text(f"{random.uniform(-1, 1):.3f}\n")  # noqa: S311
        (folder / "clock_offset_ms.step").replace(file)
        print("200 OK")
        return 0
    if arguments != ["-c", "tracking"]:
        raise CommandError("Unrecognized command")
    if (folder / NO_SOURCE_FILE).exists():
        print(
            "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000," + UNSYNCHRONISED
        )
        return 0
    # chronyc prints "slow of NTP time" for a positive value: a clock that is ahead has a negative one.
    slow_s = 0.0 - float(file.read_text()) / 1000
    reference = (f"{0xC0000202:08X}", "192.0.2.2", "2", f"{time.time() - 12:.9f}")
    offsets = (f"{slow_s:.9f}", f"{slow_s:.9f}", f"{abs(slow_s):.9f}")
    rates = ("-12.345", "0.001", "0.042")
    bounds = (f"{ROOT_DELAY_S:.9f}", f"{ROOT_DISPERSION_S:.9f}", "64.2", "Normal")
    print(",".join(reference + offsets + rates + bounds))
    return 0


def timedatectl(folder: Path, arguments: list[str]) -> int:
    """Play `timedatectl show`."""
    if arguments[:1] != ["show"]:
        raise CommandError(f"Unknown command verb {' '.join(arguments[:1])}.")
    near = abs(float((folder / "clock_offset_ms").read_text())) < 100
    values = {"Timezone": "Etc/UTC", "NTP": "yes", "NTPSynchronized": "yes" if near else "no"}
    print("\n".join(_chosen(values, arguments[1:])))
    return 0


def systemctl(folder: Path, arguments: list[str]) -> int:
    """Play `systemctl show|start|stop|restart|reset-failed neumann`; the lab that runs the node answers."""
    verb, unit, *rest = [*arguments, "", ""]
    if verb not in ("show", "start", "stop", "restart", "reset-failed"):
        raise CommandError(f"Unknown command verb {verb}.")
    if unit.removesuffix(".service") != "neumann":
        raise CommandError(f"Failed to {verb} {unit}: Unit {unit} not found.", 5)
    settings = tomllib.loads((folder / "lab.toml").read_text())
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(CONTROL_TIMEOUT_S)
        try:
            control.connect(settings["control"])
            control.sendall(json.dumps({"node": folder.name, "verb": verb}).encode() + b"\n")
            answer = json.loads(control.makefile().readline())
        except (OSError, ValueError) as error:
            raise CommandError(f"Failed to connect to bus: {error}") from error
    if answer["error"]:
        raise CommandError(answer["error"])
    if verb == "show":
        print("\n".join(_chosen(answer["properties"], rest)))
    return 0


def neumann(folder: Path, arguments: list[str]) -> int:
    """Play `neumann raft transfer-leadership --to NODE`; the node beside it answers, or says why not."""
    *verb, to = arguments or [""]
    if verb != ["raft", "transfer-leadership", "--to"]:
        raise CommandError(f"error: unexpected argument '{(arguments or [''])[0]}' found", 2)
    config = tomllib.loads((folder / "config.toml").read_text())
    asked = HTTPConnection(config["metrics"]["bind_address"], timeout=CONTROL_TIMEOUT_S)
    try:
        asked.request("POST", f"/lab/transfer-leadership/{quote(to)}")
        refusal = json.loads(asked.getresponse().read())["error"]
    except (OSError, ValueError, HTTPException) as error:
        raise CommandError(f"Error: cannot reach the node: {error}") from error
    finally:
        asked.close()
    if refusal:
        raise CommandError(f"Error: {refusal}")
    print(f"Leadership transferred to {to}")
    return 0


def ping(folder: Path, arguments: list[str]) -> int:
    """Play `ping -n -c COUNT -i SECONDS -W SECONDS -M do -s BYTES HOST`, by UDP to the near end of the link.

    Where that is port 0, there is a host to answer, and it is asked by ICMP.
    """
    options = dict(zip(arguments[1:-1:2], arguments[2:-1:2], strict=False))
    if arguments[:1] != ["-n"] or not options.keys() <= {"-c", "-i", "-W", "-M", "-s"}:
        raise CommandError("ping: usage error: Destination address required", 2)
    host = arguments[-1]
    links = tomllib.loads((folder / "lab.toml").read_text())["links"].values()
    ends = {link["ping_host"]: link["ping"] for link in links}
    if host not in ends:
        raise CommandError(f"ping: {host}: Name or service not known", 2)
    address, _, port = ends[host].rpartition(":")
    size = int(options.get("-s", PAYLOAD.size))
    print(f"PING {host} ({address}) {size}({size + 28}) bytes of data.", flush=True)
    count, interval_s, wait_s = (float(options.get(name, "1")) for name in ("-c", "-i", "-W"))
    begun = time.monotonic()
    round_trips_ms = _probe((address, int(port)), int(count), interval_s, wait_s, size)
    took_ms = (time.monotonic() - begun) * 1000
    print(f"\n--- {host} ping statistics ---")
    received, sent = len(round_trips_ms), int(count)
    lost = f"{100 * (sent - received) / sent:.6g}"
    print(f"{sent} packets transmitted, {received} received, {lost}% packet loss, time {took_ms:.0f}ms")
    if not round_trips_ms:
        print()
        return 1
    mean = sum(round_trips_ms) / received
    deviation = max(0.0, sum(each**2 for each in round_trips_ms) / received - mean**2) ** 0.5
    four = (min(round_trips_ms), mean, max(round_trips_ms), deviation)
    print("rtt min/avg/max/mdev = " + "/".join(f"{each:.3f}" for each in four) + " ms")
    return 0


def _probe(address: tuple[str, int], count: int, interval_s: float, wait_s: float, size: int) -> list[float]:
    sent_at: list[float] = []
    round_trips_ms: dict[int, float] = {}
    begun = time.monotonic()
    icmp = address[1] == 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP if icmp else 0) as probe:
        probe.connect(address)
        while len(round_trips_ms) < count:
            now = time.monotonic()
            if len(sent_at) < count and now >= begun + len(sent_at) * interval_s:
                sent_at.append(now)
                with suppress(ConnectionRefusedError):  # told of an earlier one: nobody answers there
                    number = len(sent_at) - 1
                    # The kernel puts in the checksum and the identifier.
                    probe.send(
                        (ECHO.pack(8, 0, 0, 0, number) if icmp else b"")
                        + PAYLOAD.pack(number).ljust(size, b"\0")
                    )
            all_sent = len(sent_at) == count
            until = sent_at[-1] + wait_s if all_sent else begun + len(sent_at) * interval_s
            if all_sent and now > until:
                break
            if select.select([probe], [], [], max(0.0, until - now))[0]:
                with suppress(ConnectionRefusedError):
                    number = PAYLOAD.unpack_from(probe.recv(size + ECHO.size), ECHO.size if icmp else 0)[0]
                    trip_ms = round_trips_ms[number] = (time.monotonic() - sent_at[number]) * 1000
                    told = f"{size + ECHO.size} bytes from {address[0]}: icmp_seq={number + 1} ttl=64"
                    print(f"{told} time={trip_ms:.3g} ms")
    return list(round_trips_ms.values())


def _chosen(values: dict[str, str], arguments: list[str]) -> list[str]:
    asked = [name for each in arguments if each.startswith("--property=") for name in each[11:].split(",")]
    return [f"{name}={value}" for name, value in values.items() if not asked or name in asked]


COMMANDS = {
    "chronyc": chronyc,
    "timedatectl": timedatectl,
    "systemctl": systemctl,
    "neumann": neumann,
    "ping": ping,
}


def main() -> int:
    """Run the command named first."""
    name, folder, *arguments = sys.argv[1:]
    try:
        return COMMANDS[name](Path(folder), arguments)
    except CommandError as error:
        print(error, file=sys.stderr)
        return error.code


if __name__ == "__main__":
    sys.exit(main())
