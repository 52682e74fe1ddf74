"""What the gateway's engine is proven to enforce: the conformance suite's report, and the fields of a plan that it speaks of."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files

from agentops_operator.api.model import Json
from agentops_operator.policies.fallback.compile import Fragment

ENGINE = "native"
FIELDS = "fields of the plan"  # no policy is called so
# Maps of the plan whose keys are names; a report has `*` in their place.
NAMED = frozenset({"targets", "routes", "guardrails", "budgets", "agents", "models"})
# Told by the plan, and no question to the suite: the forwarder's, which has tests of its own, and a mark.
NOT_OF_THE_ENGINE = ("agents.*.onGatewayDown=", "priceTable")


@cache
def table() -> Mapping[str, frozenset[str]]:
    """Fields by verdict, as the report of the engine has them; only those that are not enforced are kept."""
    text = files("agentops_operator.agent.gateway").joinpath("support.json").read_text(encoding="utf-8")
    return {verdict: frozenset(names) for verdict, names in json.loads(text)[ENGINE].items()}


def summary(report: Mapping[str, Json]) -> dict[str, list[str]]:
    """What of a conformance report the operator needs: the fields that the engine does not enforce, or that nothing proves."""
    found: dict[str, list[str]] = {"not enforced": [], "not tested": []}
    for name, entry in report["fields"].items():
        if entry["verdict"] in found and not name.startswith(NOT_OF_THE_ENGINE):
            found[entry["verdict"]].append(name)
    return {verdict: sorted(names) for verdict, names in found.items()}


def paths(value: Json, path: str) -> Iterator[str]:
    """Fields of a part of the plan, as a report writes them: `routes.*.targets[].weight`, `routes.*.routing=Weighted`."""
    yield path
    if isinstance(value, Mapping):
        named = path.rpartition(".")[2] in NAMED
        for name, inner in value.items():
            yield from paths(inner, f"{path}.*" if named else f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from paths(inner, f"{path}[]")
    elif isinstance(value, str):
        yield f"{path}={value}"


def fragment_fields(fragment: Fragment) -> frozenset[str]:
    """Fields of the targets and routes of a ProviderFallback, found once for each version of it."""
    memo = fragment.spec.memo
    if FIELDS not in memo:
        parts = (paths(fragment.targets, "targets"), paths(fragment.lent, "targets"), paths(fragment.routes, "routes"))
        memo[FIELDS] = frozenset(field for part in parts for field in part)
    found: frozenset[str] = memo[FIELDS]
    return found


def among(fields: Iterable[str], verdict: str) -> list[str]:
    """Those of the fields on which the report gives this verdict."""
    return sorted(table()[verdict].intersection(fields))
