"""Write what a release is made of as CycloneDX JSON: `python -m measure.sbom FILE [DEBIAN]`.

From the lock alone; for an image also from `DEBIAN`, lines of package, version and architecture.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.txt"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")

Json = dict[str, Any]


def components(lock: str) -> Iterator[Json]:
    """Yield each locked package, with the hashes of the files that may be installed for it."""
    for block in re.split(r"\n(?=\S)", lock):
        if pinned := PINNED.match(block):
            name, version = pinned[1].lower(), pinned[2]
            yield {
                "type": "library",
                "bom-ref": f"pkg:pypi/{name}@{version}",
                "purl": f"pkg:pypi/{name}@{version}",
                "name": name,
                "version": version,
                "hashes": [{"alg": "SHA-256", "content": found} for found in HASH.findall(block)],
            }


def debian_components(listed: str) -> Iterator[Json]:
    """Yield each of Debian's packages, as `dpkg-query` lists them."""
    for line in listed.splitlines():
        name, version, architecture = line.split()
        purl = f"pkg:deb/debian/{name}@{quote(version)}?arch={architecture}"
        yield {"type": "library", "bom-ref": purl, "purl": purl, "name": name, "version": version}


def document(debian: str = "") -> Json:
    """Return the bill of materials of this version; the same lock gives the same document."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": project["name"],
                "name": project["name"],
                "version": project["version"],
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": [*components(LOCK.read_text()), *debian_components(debian)],
    }


if __name__ == "__main__":
    file, *listed = map(Path, sys.argv[1:])
    file.write_text(json.dumps(document("".join(each.read_text() for each in listed)), indent=2) + "\n")
