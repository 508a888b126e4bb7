"""A second model of a cluster: what Neumann, TCP, systemd and chrony do, apart from the first."""

from lab.second_model.generate import Case, Family, generate

__all__ = ["Case", "Family", "generate"]
