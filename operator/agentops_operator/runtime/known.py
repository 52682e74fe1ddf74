"""What the caches hold of a kind, as bodies with which the intake can be told that an object is gone."""

from collections.abc import Iterable, Mapping
from typing import Any

from agentops_operator.agent.egress.policy import NETWORK_POLICY
from agentops_operator.agent.holds.kind import RUN_HOLD
from agentops_operator.agent.kind import AGENT
from agentops_operator.kube.names import LABEL_AGENT
from agentops_operator.policies.evaluation.kind import EVAL_RUN
from agentops_operator.runtime.evaluation_cache import JOB_KIND
from agentops_operator.runtime.intake import CHILDREN
from agentops_operator.runtime.store import Store

Place = tuple[str, str]  # namespace and name
Body = Mapping[str, Any]


def place_of(body: Body) -> Place:
    """Namespace and name of an object."""
    metadata = body["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def known(store: Store, kind: str, namespace: str = "") -> dict[Place, Body]:
    """All objects of a kind, in one namespace or in all."""
    return {place: body for body in _bodies(store, kind) if namespace in ("", (place := place_of(body))[0])}


def _bodies(store: Store, kind: str) -> Iterable[Body]:
    if kind == AGENT.kind:
        return (_body(agent.key.namespace, agent.key.name, agent.uid) for agent in store.agents)
    if kind == EVAL_RUN.kind:
        return (
            {**_body(key.namespace, run.name, run.uid), "spec": {"agent": run.agent}}
            for key, run in store.evaluations.every_run()
        )
    if kind == RUN_HOLD.kind:
        return (_body(record.key.namespace, record.key.name, record.uid) for record in store.holds.records())
    if kind == JOB_KIND:
        return (_body(job.namespace, job.name, job.uid) for job in store.evaluations.finished.values())
    if kind in CHILDREN:
        items = store.children.of_kind(kind)
        others = store.network.places() if kind == NETWORK_POLICY else ()
        return (
            *(_body(i.ref.namespace, i.ref.name, i.uid, {LABEL_AGENT: i.labels.get(LABEL_AGENT, "")}) for i in items),
            *(_body(namespace, name, "") for namespace, name in others),
        )
    if kind == "Namespace":
        return ({"metadata": {"name": name}} for name in tuple(store.namespaces))
    policies = (store.policies.get(key) for key in store.policies.keys() if key.kind == kind)  # noqa: SIM118  (no mapping)
    return (_body(policy.key.namespace, policy.key.name, policy.uid) for policy in policies if policy)


def _body(namespace: str, name: str, uid: str, labels: Mapping[str, str] | None = None) -> Body:
    return {"metadata": {"namespace": namespace, "name": name, "uid": uid, "labels": labels or {}}}
