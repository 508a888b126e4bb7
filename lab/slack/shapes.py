"""Small checks that together describe a JSON document's shape, in Slack's wording of what is wrong."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

# A JSON object from the wire, of a shape that only the checks know.
Json = dict[str, Any]
Check = Callable[[object, str], Iterator[str]]


def problem(reason: str, path: str) -> str:
    """Return one line as Slack puts it into `response_metadata.messages`."""
    return f"[ERROR] {reason} [json-pointer:{path}]"


def string(longest: int, shortest: int = 1) -> Check:
    """Check for a string of `shortest` to `longest` characters."""

    def check(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield problem("must provide a string", path)
        elif len(value) > longest:
            yield problem(f"must be less than {longest + 1} characters", path)
        elif len(value) < shortest:
            yield problem(f"must be more than {shortest - 1} characters", path)

    return check


def one_of(*allowed: str) -> Check:
    """Check for one of a few words."""

    def check(value: object, path: str) -> Iterator[str]:
        if value not in allowed:
            yield problem(f"must be one of {', '.join(allowed)}", path)

    return check


def boolean(value: object, path: str) -> Iterator[str]:
    """Check for true or false."""
    if not isinstance(value, bool):
        yield problem("must provide a boolean", path)


def whole(smallest: int, largest: int) -> Check:
    """Check for a whole number from `smallest` to `largest`, both included."""

    def check(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield problem("must provide an integer", path)
        elif not smallest <= value <= largest:
            yield problem(f"must be between {smallest} and {largest}", path)

    return check


def items(each: Check, most: int, least: int = 1) -> Check:
    """Check for a list of `least` to `most` items which all pass `each`."""

    def check(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield problem("must provide an array", path)
            return
        if len(value) > most:
            yield problem(f"no more than {most} items allowed", path)
        if len(value) < least:
            yield problem(f"no fewer than {least} items allowed", path)
        for index, item in enumerate(value[:most]):
            yield from each(item, f"{path}/{index}")

    return check


def fields(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Check for an object with these fields and no other; `type` is left to `by_type`."""
    known = {**required, **(optional or {})}

    def check(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must provide an object", path)
            return
        for name in required:
            if name not in value:
                yield problem(f"missing required field: {name}", path)
        for name, content in value.items():
            if name in known:
                yield from known[name](content, f"{path}/{name}")
            elif name != "type":
                yield problem(f"invalid additional property: {name}", path)

    return check


def by_type(shapes: Mapping[str, Check]) -> Check:
    """Check for an object whose `type` names its shape; an unknown type is refused."""

    def check(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must provide an object", path)
            return
        kind = value.get("type")
        if not isinstance(kind, str) or kind not in shapes:
            yield problem(f"unsupported type: {kind}", f"{path}/type")
            return
        yield from shapes[kind](value, path)

    return check


def at_least_one(*names: str) -> Check:
    """Check for an object that has one of these fields or more."""

    def check(value: object, path: str) -> Iterator[str]:
        if isinstance(value, dict) and not value.keys() & set(names):
            yield problem(f"missing required field: {' or '.join(names)}", path)

    return check


def all_of(*checks: Check) -> Check:
    """Combine several checks: all must pass."""

    def check(value: object, path: str) -> Iterator[str]:
        for each in checks:
            yield from each(value, path)

    return check
