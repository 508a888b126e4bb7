"""The objects of a played API server, and what is refused of them."""

from __future__ import annotations

import copy
import uuid
from typing import Any

Object = dict[str, Any]
Key = tuple[str, str, str]
"""Namespace, resource in the plural, name."""


class RefusedError(Exception):
    """A request that is answered with a `Status`."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


def merged(target: Any, patch: Any) -> Any:  # noqa: ANN401  any JSON
    """Return a JSON merge patch applied (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


class Objects:
    """What etcd holds; every change has a version of its own."""

    def __init__(self) -> None:
        self._all: dict[Key, Object] = {}
        self._version = 1

    def get(self, key: Key) -> Object:
        """Return an object."""
        if key not in self._all:
            raise RefusedError(404, "NotFound", f'{key[1]} "{key[2]}" not found')
        return self._all[key]

    def create(self, key: Key, sent: Object) -> Object:
        """Create an object under a uid of its own."""
        if key in self._all:
            raise RefusedError(409, "AlreadyExists", f'{key[1]} "{key[2]}" already exists')
        named = merged(sent, {"metadata": {"namespace": key[0], "uid": str(uuid.uuid4())}})
        return self._store(key, named)

    def patch(self, key: Key, patch: Object, *, dry_run: bool) -> Object:
        """Merge a patch in; a version that it names must be the one that is stored."""
        was = self.get(key)
        wanted = patch.get("metadata", {}).get("resourceVersion")
        if wanted not in (None, was["metadata"]["resourceVersion"]):
            said = f'Operation cannot be fulfilled on {key[1]} "{key[2]}": the object has been modified'
            raise RefusedError(409, "Conflict", said)
        new = merged(was, patch)
        if was.get("immutable") and new.get("data") != was.get("data"):
            raise RefusedError(422, "Invalid", f'ConfigMap "{key[2]}" is invalid: data: field is immutable')
        return was if dry_run or new == was else self._store(key, new)

    def delete(self, key: Key, options: Object) -> Object:
        """Delete an object; a pod that has a host stays until its kubelet has ended it."""
        was = self.get(key)
        wanted, uid = options.get("preconditions", {}).get("uid"), was["metadata"]["uid"]
        if wanted not in (None, uid):
            said = f"the UID in the precondition ({wanted}) does not match the UID in record ({uid})"
            raise RefusedError(
                409, "Conflict", f'Operation cannot be fulfilled on {key[1]} "{key[2]}": {said}'
            )
        if options.get("dryRun"):
            return was
        if (
            key[1] == "pods"
            and was.get("spec", {}).get("nodeName")
            and options.get("gracePeriodSeconds") != 0
        ):
            gone = {
                "metadata": {"deletionTimestamp": "2026-11-30T10:00:30Z", "deletionGracePeriodSeconds": 30}
            }
            return self._store(key, merged(was, gone))
        return self._all.pop(key)

    def _store(self, key: Key, new: Object) -> Object:
        self._version += 1
        version = {"metadata": {"resourceVersion": str(self._version)}}
        self._all[key] = copy.deepcopy(merged(new, version))
        return self._all[key]
