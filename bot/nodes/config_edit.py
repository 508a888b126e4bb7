"""Change one node's entry in the configuration file; comments and everything else stay as they are."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from handlers.errors import ConfigurationError
from shared.bounded_files import read_bounded_text
from shared.toml_documents import is_same
from shared.whole_files import NewFile, replace_all


def change_node(
    config: Path,
    cluster: str,
    node: str,
    values: Mapping[str, str | None],
    also: Mapping[Path, NewFile] | None = None,
) -> None:
    """Set keys of one node, and write other files together with the configuration.

    Args:
        config: The configuration file.
        cluster: The cluster's name.
        node: The node's name.
        values: The keys to set; `None` takes one out.
        also: Files that belong to the change.

    Raises:
        ConfigurationError: If that cannot be done; then every file is as it was.
    """
    try:
        before = read_bounded_text(config)
        document = tomlkit.parse(before)
        _change(document, cluster, node, values)
        after = tomlkit.dumps(document)
        intended = copy.deepcopy(tomllib.loads(before))
        _change(intended, cluster, node, values)
        if not is_same(tomllib.loads(after), intended):
            raise ValueError("more than this would change")
        for path in also or ():
            path.parent.mkdir(mode=0o755, exist_ok=True)
        replace_all({**(also or {}), config: NewFile(after.encode())})
    except (OSError, ValueError, LookupError, TypeError, TOMLKitError) as error:
        lines = " ".join(f"{key} = {value!r}" for key, value in values.items())
        raise ConfigurationError(
            f"{config} cannot be edited ({error}); for {node} of {cluster} it should say: {lines}"
        ) from error


def _change(document: dict[str, Any], cluster: str, node: str, values: Mapping[str, str | None]) -> None:
    (nodes,) = (found["nodes"] for found in document["clusters"] if found["name"] == cluster)
    (table,) = (found for found in nodes if found["name"] == node)
    for key, value in values.items():
        if value is not None:
            table[key] = value
        elif key in table:
            del table[key]
