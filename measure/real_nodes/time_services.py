"""Other NTP services than chrony, unpacked beside it: each case runs one of them in its place."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SERVICES = ("systemd-timesyncd", "ntpsec")
SERVER, BRIDGE = "10.123.0.1", "10.123.0.2"
"""True time at port 123, as timesyncd and ntpd want it, in a network apart: ntpd takes no loopback."""

_FILES = {
    "etc/systemd/timesyncd.conf": f"[Time]\nNTP={SERVER}\nPollIntervalMinSec=16\n",
    # A container may not set the host's clock: they read and do not correct.
    "etc/systemd/system/systemd-timesyncd.service.d/container.conf": (
        "[Unit]\nConditionCapability=\nConditionVirtualization=\n"
        "[Service]\nAmbientCapabilities=\nCapabilityBoundingSet=\n"
    ),
    "etc/ntpsec/ntp.conf": (
        "driftfile /var/lib/ntpsec/ntp.drift\nrestrict 127.0.0.1\nrestrict ::1\n"
        f"server {SERVER} iburst minpoll 4 maxpoll 4\n"
    ),
    "var/lib/ntpsec/ntp.drift": "0.0\n",
    "etc/systemd/system/ntpsec.service.d/container.conf": (
        "[Unit]\nConditionCapability=\n"
        "[Service]\nType=simple\nPIDFile=\nExecStart=\nExecStart=/usr/sbin/ntpd -n -c /etc/ntpsec/ntp.conf\n"
    ),
    "etc/true-time-123.conf": (
        f"port 123\nallow {BRIDGE}\nlocal stratum 8\ncmdport 0\nbindcmdaddress /\n"
        "pidfile /run/true-time-123.pid\n"
    ),
    "etc/systemd/system/true-time-123.service": (
        "[Service]\n"
        "ExecStartPre=/bin/sh -ec 'ip netns add truth; "
        "ip link add there type veth peer name here netns truth; "
        f"ip addr add {BRIDGE}/24 dev there; ip link set there up; "
        f"ip -n truth addr add {SERVER}/24 dev here; ip -n truth link set here up'\n"
        "ExecStart=/sbin/ip netns exec truth /usr/sbin/chronyd -x -d -f /etc/true-time-123.conf\n"
        "ExecStopPost=/sbin/ip netns delete truth\n"
    ),
}


def put_time_services(root: Path) -> None:
    """Unpack the packages into the root, whose own chrony they would conflict with if they were installed."""
    packages = root / "packages"
    if not packages.exists():
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        fetch = (
            "apt-get -qq -y -o Dir::Cache::archives=/packages --no-install-recommends --download-only install"
        )
        steps = [
            "mkdir -p /packages/partial",
            "apt-get -qq update",
            *(f"{fetch} {name} chrony-" for name in SERVICES),
        ]
        in_root = ("chroot", str(root), "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
        subprocess.run((*in_root, "sh", "-ec", "; ".join(steps)), check=True, stdout=subprocess.DEVNULL)
        for package in packages.glob("*.deb"):
            # Not `dpkg -x`, which makes a folder of the link /lib.
            unpack = f"dpkg-deb --fsys-tarfile {package} | tar -x --keep-directory-symlink -C {root}"
            subprocess.run(("bash", "-o", "pipefail", "-c", unpack), check=True)
        subprocess.run((*in_root, "systemd-sysusers"), check=True)
        wants = root / "etc/systemd/system/multi-user.target.wants"
        for name in ("ntpsec.service", "systemd-timesyncd.service"):
            (wants / name).unlink(missing_ok=True)
    for name, text in _FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
