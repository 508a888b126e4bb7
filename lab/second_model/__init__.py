"""A second model of a cluster: what Neumann, TCP, systemd and chrony do, apart from the first."""

from lab.second_model.generate import Case, Family, generate
from lab.second_model.twins import has_twin

__all__ = ["Case", "Family", "generate", "has_twin"]
