"""JSON patch, as the API server applies it: so much of it as injection uses, and an error for everything else."""

import copy
from typing import Any

Object = dict[str, Any]


def patched(pod: Object, operations: list[Object]) -> Object:
    """The pod after all operations."""
    result = copy.deepcopy(pod)
    for operation in operations:
        _apply(result, copy.deepcopy(operation))
    return result


def _apply(root: Any, operation: Object) -> None:
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
    place = root
    for part in way:
        place = place[int(part)] if isinstance(place, list) else place[part]
    match operation["op"], place:
        case "add", list() if last == "-":
            place.append(operation["value"])
        case "add", list():
            assert int(last) <= len(place)
            place.insert(int(last), operation["value"])
        case "add", dict():
            place[last] = operation["value"]
        case "remove", dict():
            del place[last]
        case other:
            raise AssertionError(f"not a valid operation here: {other}")
