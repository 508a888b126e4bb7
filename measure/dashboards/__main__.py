"""Write the dashboards: `make dashboards`."""

from __future__ import annotations

import json
from pathlib import Path

from measure.dashboards.bot import THE_BOT
from measure.dashboards.clusters import CLUSTERS
from measure.dashboards.grafana import Dashboard

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana"
FILES = {"neumann-clusters.json": CLUSTERS, "neumann-bot.json": THE_BOT}


def text_of(dashboard: Dashboard) -> str:
    """Return the file's text."""
    return json.dumps(dashboard.json(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, dashboard in FILES.items():
        (FOLDER / name).write_text(text_of(dashboard))
