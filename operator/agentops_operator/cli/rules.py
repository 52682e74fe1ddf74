"""The schema's CEL rules, told in Python: one function a rule, found by the rule's own text.

A test walks the schemas of all kinds and fails when a rule stands in neither table, so that a new rule cannot be
forgotten here in silence.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agentops_operator.agent.holds.types import SPEC_RULES
from agentops_operator.api.model import Json
from agentops_operator.cli.egress_rules import EGRESS
from agentops_operator.cli.gateway_rules import GATEWAY
from agentops_operator.cli.position import Path
from agentops_operator.cli.re2 import UnsureError, problem
from agentops_operator.policies.trace.presets import PRESETS
from agentops_operator.policies.trace.types import NEEDS_PROJECT, PROJECT_GIVEN, PROJECT_HEADERS, Preset

RULES = "x-kubernetes-validations"
Broken = list[tuple[Path, str]]  # where below the rule's own field, and what is wrong beyond the rule's message
Check = Callable[[Any], Broken]
PUBLIC = {str(preset) for preset, facts in PRESETS.items() if facts.endpoint}
WANTS_VALUES = ("In", "NotIn")


def _holds(test: Callable[[Any], bool]) -> Check:
    return lambda value: [] if test(value) else [((), "")]


def _each(test: Callable[[Any], bool], field: str) -> Check:
    return lambda items: [((index, field), "") for index, item in enumerate(items) if not test(item)]


def _exactly_one(one: str, other: str) -> Check:
    return _holds(lambda value: (value.get(one) is not None) != (value.get(other) is not None))


def _regex(pattern: str) -> Broken:
    wrong = problem(pattern)
    return [((), wrong)] if wrong else []


def _evaluator_regex(items: list[dict[str, Any]]) -> Broken:
    values = ((index, item.get("value")) for index, item in enumerate(items) if item.get("type") == "Regex")
    return [((index, "value"), wrong) for index, value in values if value is not None and (wrong := problem(value))]


OFFLINE: dict[str, Check] = {
    **GATEWAY,
    **EGRESS,
    "self.metadata.name.size() <= 63 && !self.metadata.name.contains('.')": lambda obj: (
        [] if len(obj["metadata"]["name"]) <= 63 and "." not in obj["metadata"]["name"] else [(("metadata", "name"), "")]
    ),
    "has(self.targetRef) != has(self.podSelector)": _exactly_one("targetRef", "podSelector"),
    "self.all(e, (e.operator in ['In', 'NotIn']) == (has(e.values) && size(e.values) > 0))": _each(
        lambda e: (e.get("operator") in WANTS_VALUES) == bool(e.get("values")), "values"
    ),
    "!''.matches(self)": _regex,
    r"!self.contains('\\C')": _holds(lambda text: r"\C" not in text),
    "self.startsWith('http://') || self.startsWith('https://')": _holds(lambda text: text.startswith(("http://", "https://"))),
    "self.all(b, has(b.endpoint) || b.preset in ['langfuse', 'langsmith', 'galileo', 'traceloop', 'promptlayer', 'opik'])": _each(
        lambda b: b.get("endpoint") is not None or b.get("preset", Preset.OTLP) in PUBLIC, "endpoint"
    ),
    PROJECT_GIVEN: _each(
        lambda b: (
            b.get("preset") not in NEEDS_PROJECT
            or bool(b.get("project"))
            or any(header["name"].lower() in PROJECT_HEADERS for header in b.get("headers") or ())
        ),
        "project",
    ),
    "has(self.service) != has(self.traces)": _exactly_one("service", "traces"),
    "self.all(e, e.type != 'MaxLatency' || (has(e.value) && e.value.matches('^[1-9][0-9]{0,6}$')))": _each(
        lambda e: e.get("type") != "MaxLatency" or re.fullmatch("[1-9][0-9]{0,6}", e.get("value") or "") is not None, "value"
    ),
    "self.all(e, e.type != 'JsonSchema' || has(e.value))": _each(
        lambda e: e.get("type") != "JsonSchema" or e.get("value") is not None, "value"
    ),
    r"self.matches('^\\S+\\s+\\S+\\s+\\S+\\s+\\S+\\s+\\S+$')": _holds(
        lambda text: len(text.split()) == 5 and text == text.strip()
    ),
    "!has(self.target.service) || has(self.dataset)": _holds(
        lambda spec: spec["target"].get("service") is None or spec.get("dataset") is not None
    ),
    "!has(self.target.traces) || !has(self.dataset)": _holds(
        lambda spec: spec["target"].get("traces") is None or spec.get("dataset") is None
    ),
    "!has(self.target.traces) || self.evaluators.all(e, e.type == 'NoSecrets' || has(e.value))": _holds(
        lambda spec: (
            spec["target"].get("traces") is None
            or all(e["type"] == "NoSecrets" or e.get("value") is not None for e in spec["evaluators"])
        )
    ),
    "self.all(e, e.type != 'NoSecrets' || !has(e.value))": _each(
        lambda e: e.get("type") != "NoSecrets" or e.get("value") is None, "value"
    ),
    "self.all(e, e.type != 'Regex' || !has(e.value) || !\"\".matches(e.value))": _evaluator_regex,
}
SERVER_ONLY: dict[str, str] = {
    **{rule["rule"]: f"{rule['message']} (this needs the object as it stands)" for rule in SPEC_RULES},
    "self == oldSelf": "a record is never changed (this needs the object as it stands)",
}
"""Rules that need what a manifest does not hold, with what they say."""


def left_to_the_server(schema: Json) -> set[str]:
    """What of this schema's rules needs more than a manifest holds."""
    own = {SERVER_ONLY[rule["rule"]] for rule in schema.get(RULES, ()) if rule["rule"] in SERVER_ONLY}
    inner = [*schema.get("properties", {}).values(), *(schema[name] for name in ("items",) if name in schema)]
    return own.union(*map(left_to_the_server, inner))


def rules_of(schema: Json, value: Json, path: Path = ()) -> Iterator[tuple[Path, dict[str, str], Json]]:
    """Each rule of the schema that speaks of a part of the value, with where that part stands."""
    for rule in schema.get(RULES, ()):
        yield path, rule, value
    if isinstance(value, Mapping):
        for name, inner in schema.get("properties", {}).items():
            if value.get(name) is not None:
                yield from rules_of(inner, value[name], (*path, name))
        extra = schema.get("additionalProperties")
        for name in value if isinstance(extra, Mapping) else ():
            yield from rules_of(extra, value[name], (*path, name))
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from rules_of(schema["items"], item, (*path, index))


def broken(schema: Json, value: Json) -> tuple[list[tuple[Path, str, Json]], list[Path]]:
    """Rules that the value breaks, each with its field, message and value; and fields that only the server can judge."""
    wrong: list[tuple[Path, str, Json]] = []
    unsure: list[Path] = []
    for path, rule, part in rules_of(schema, value):
        check = OFFLINE.get(rule["rule"])
        try:
            found = check(part) if check else []
        except UnsureError:
            unsure.append(path)
            continue
        wrong += [((*path, *below), _told(rule["message"], detail), part) for below, detail in found]
    return wrong, unsure


def _told(message: str, detail: str) -> str:
    return f"{message} ({detail})" if detail else message
