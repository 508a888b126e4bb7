"""A cluster of which one node, or two, do not serve: hosts under a service manager, over a cluster of queues.

It is written from systemd.service(5) (Restart=, StartLimitBurst=, Result), from TCP (a closed port refuses,
a dead host is silent, the kernel accepts for a process that hangs), from Raft (sections 5.2 and 7) and from
what Neumann logs. It knows nothing of the rules that judge it.
"""

from lab.recovery_model.generate import generate

__all__ = ["generate"]
