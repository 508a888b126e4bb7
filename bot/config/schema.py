"""Write the published JSON schema of the bot's configuration, for editors that complete TOML."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bot.config import Settings


def schema_text() -> str:
    """Return the schema as it is published: JSON Schema 2020-12, its keys sorted."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema()}
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema_text())
