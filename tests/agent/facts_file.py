"""Golden cases of the compile step: `facts.yaml` in, `plan.yaml` out, one folder a case."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import yaml

from agentops_operator.agent.compile import compile_agent, merge
from agentops_operator.agent.facts import (
    AgentObservation,
    BackendState,
    Input,
    Key,
    OpenPolicy,
    Pod,
    PodReport,
    Refusal,
    RelayObservation,
    Resource,
    Settings,
)
from agentops_operator.agent.kind import AGENT
from agentops_operator.agent.match import matches
from agentops_operator.agent.plan import Plan
from agentops_operator.api.selector import LabelSelector
from agentops_operator.policies import POLICIES

CASES = Path(__file__).parent / "cases"
SPECS = {kind.kind: kind.spec for kind in (AGENT, *POLICIES)}


def resource(document: dict[str, Any]) -> Resource[Any]:
    """A resource as the runtime would hold it, from its manifest."""
    meta = document["metadata"]
    spec = SPECS[document["kind"]]
    assert spec is not None
    return Resource(
        key=Key(document["kind"], meta.get("namespace", "shop"), meta["name"]),
        uid=meta.get("uid", f"uid-{meta['name']}"),
        generation=meta.get("generation", 1),
        created=meta.get("creationTimestamp", "2026-01-01T00:00:00Z"),
        spec=spec.model_validate(document.get("spec", {})),
        labels=meta.get("labels", {}),
        status=document.get("status", {}),
    )


def pod(fields: dict[str, Any]) -> Pod:
    """A pod from short fields; the uid is the name unless given."""
    known = {"namespace": "shop", "uid": fields["name"], "labels": {}, "owners": (), **fields}
    known["owners"] = tuple(tuple(owner) for owner in known["owners"])
    known |= {name: tuple(known.get(name, ())) for name in ("bypass", "bypass_models")}
    return Pod(**known)


def facts(document: dict[str, Any]) -> Input:
    """The input of one case; the first Agent is the one that is decided on, the others are rivals."""
    resources = [resource(item) for item in document["resources"]]
    agents = [item for item in resources if item.key.kind == "Agent"]
    pods = [pod(fields) for fields in document.get("pods", [])]
    bare = Input(
        agent=agents[0],
        settings=Settings(),
        namespace_labels=document.get("namespaceLabels", {}),
        policies=tuple(item for item in resources if item.key.kind != "Agent"),
        rivals=tuple(agents[1:]),
        pods=tuple(item for item in pods if matches(agents[0].spec, item)),
        relay=_relay(document.get("relay", {"reachable": True})),
        apply_error=document.get("applyError", ""),
        refusals=tuple(Refusal(**fields) for fields in document.get("refusals", ())),
        now=document.get("now", ""),
        network=tuple(
            OpenPolicy(item["name"], LabelSelector.model_validate(item["podSelector"]), tuple(item["egress"]))
            for item in document.get("network", ())
        ),
    )
    return replace(bare, observation=_observation(document.get("observation"), bare))


def _current(digest: str, facts_without: Input) -> str:
    """`@rules` stands for the digest that the case's own policies give, so that cases survive a change of format."""
    return merge(facts_without).rules["digest"] if digest == "@rules" else digest


def _observation(fields: dict[str, Any] | None, bare: Input) -> AgentObservation | None:
    if fields is None:
        return None
    reports = tuple(
        PodReport(
            **{
                "uid": r["name"],
                "version": "0.1.0",
                **r,
                "rules_digest": _current(r["rules_digest"], bare),
                "leaked": tuple(r.get("leaked", ())),
                "problems": tuple(r.get("problems", ())),
            }
        )
        for r in fields.get("pods", [])
    )
    seen = {name: fields.get(name, False) for name in ("stored", "calls")}
    return AgentObservation(pods=reports, row=fields.get("row") or _row(bare), **seen)


def _row(bare: Input) -> str:
    """The digest of the row that the case's own facts give, as a relay that is up to date tells it."""
    identity = compile_agent(bare).identity
    return str(identity["digest"]) if identity else ""


def _relay(fields: dict[str, Any]) -> RelayObservation:
    backends = {name: BackendState(name, **state) for name, state in fields.pop("backends", {}).items()}
    problems = tuple(fields.pop("problems", ()))
    return RelayObservation(**fields, problems=problems, backends=backends)


def dump(plan: Plan) -> str:
    """The plan as YAML, in an order that reads well in a review."""
    value = asdict(plan)
    value["conditions"] = [f"{c['type']}={c['status']} {c['reason']}: {c['message']}" for c in value["conditions"]]
    value["outcomes"] = [
        f"{o['policy']['kind']} {o['policy']['namespace']}/{o['policy']['name']}: programmed={o['programmed']} "
        f"{o['condition']['type']}={o['condition']['status']} {o['condition']['reason']}"
        for o in value["outcomes"]
    ]
    value["backends"] = [b["name"] for b in value["backends"]]
    order = ("conditions", "status", "outcomes", "identity", "backends", "entries", "children", *_looks(plan))
    return yaml.safe_dump(_plain({key: value[key] for key in order}), sort_keys=False, width=160, allow_unicode=True)


def _looks(plan: Plan) -> tuple[str, ...]:
    return () if plan.again_seconds is None else ("again_seconds",)


def _plain(value: Any) -> Any:
    """Tuples as lists and enums as text, which is what YAML can say."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
