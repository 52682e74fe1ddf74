"""The gateway of a namespace whose policies bring credentials: what it is told, and the objects that it is made of.

It asks providers and does nothing else. Limits, routes and identity are the shared gateway's, so nothing here holds a count,
and no Secret of the platform is in reach.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from agentops_operator.agent.facts import Settings
from agentops_operator.agent.gateway.objects import DRAIN_SECONDS, LABELS, gateway_pod, plan_config_map
from agentops_operator.agent.gateway.plan import FORMAT, newest, secrets_of
from agentops_operator.agent.gateway.row import FragmentUse
from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.children import owner_reference, stamp
from agentops_operator.kube.digest import digest
from agentops_operator.kube.names import GATEWAY, TENANT_GATEWAY
from agentops_operator.policies.fallback.kind import PROVIDER_FALLBACK

OWN = {"app.kubernetes.io/name": TENANT_GATEWAY}
CALLS, ADMIN = 4000, 4001
KINDS = (
    ("v1", "ServiceAccount"),
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("policy/v1", "PodDisruptionBudget"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("apps/v1", "Deployment"),
)
"""What such a namespace holds of ours, each by the name `agentops-tenant-gateway`. The Deployment goes last: it is looked for."""


def lending(uses: Iterable[FragmentUse]) -> tuple[FragmentUse, ...]:
    """The newest version of each policy that brings credentials."""
    return tuple(use for use in newest(uses) if use.fragment.lent)


def tenant_plan(uses: Iterable[FragmentUse]) -> dict[str, Any]:
    """The targets of one namespace with their credentials; agents, routes and limits are no business of this gateway."""
    targets = {name: target for use in lending(uses) for name, target in use.fragment.lent.items()}
    content: dict[str, Any] = {"version": FORMAT, "targets": targets, "routes": {}, "guardrails": {}, "budgets": {}, "agents": {}}
    return {**content, "digest": digest(content)}


def compile_tenant(namespace: str, uses: Iterable[FragmentUse], settings: Settings) -> tuple[dict[str, Any], ...]:
    """All objects of the namespace's gateway; none when no policy there brings a credential.

    Args:
        namespace: the tenant's namespace.
        uses: its policies, as its Agents use them.
        settings: this installation.
    """
    policies = lending(uses)
    if not policies:
        return ()
    plan = tenant_plan(policies)
    made = (
        _account(),
        plan_config_map(plan, TENANT_GATEWAY),
        _service(),
        _deployment(plan, settings),
        _disruption(),
        _doors(settings),
    )
    return tuple(_owned(obj, namespace, policies) for obj in made)


def _owned(obj: dict[str, Any], namespace: str, policies: Iterable[FragmentUse]) -> dict[str, Any]:
    """Owned by all policies together: garbage collection takes it with the last of them, also while there is no operator."""
    made = stamp(obj, namespace, None, LABELS | OWN)
    owners = [
        {**owner_reference(API_VERSION, PROVIDER_FALLBACK.kind, use.fragment.policy.split("/")[1], use.uid), "controller": False}
        for use in policies
    ]
    return {**made, "metadata": {**made["metadata"], "ownerReferences": owners}}


def _meta() -> dict[str, Any]:
    return {"name": TENANT_GATEWAY}


def _account() -> dict[str, Any]:
    """An account without rights: its token fetches the public keys of the token issuer, which every account may read."""
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta(), "automountServiceAccountToken": False}


def _service() -> dict[str, Any]:
    """Headless, so that the operator sees each replica."""
    ports = [
        {"name": name, "port": port, "targetPort": port, "protocol": "TCP"} for name, port in (("llm", CALLS), ("admin", ADMIN))
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _meta(),
        "spec": {"clusterIP": "None", "selector": OWN, "ports": ports},
    }


def _deployment(plan: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    variables: list[dict[str, Any]] = [
        {"name": "AGENTOPS_TENANT_NAMESPACE", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}},
        {"name": "AGENTOPS_GATEWAY_SUBJECT", "value": f"system:serviceaccount:{settings.operator_namespace}:{GATEWAY}"},
        {"name": "AGENTOPS_DRAIN_SECONDS", "value": str(DRAIN_SECONDS)},
    ]
    tenant = settings.gateway.tenant
    pod = gateway_pod(TENANT_GATEWAY, "tenant", secrets_of(plan), variables, tenant.resources, settings.gateway)
    spec = {
        "replicas": tenant.replicas,
        "selector": {"matchLabels": OWN},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {"metadata": {"labels": LABELS | OWN}, "spec": pod},
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _meta(), "spec": spec}


def _disruption() -> dict[str, Any]:
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": OWN}}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": _meta(), "spec": spec}


def _doors(settings: Settings) -> dict[str, Any]:
    """Who may come in. Ways out are the namespace's to give: a policy of ours would add one that its own do not grant."""
    home = {"matchLabels": {"kubernetes.io/metadata.name": settings.operator_namespace}}
    ingress = [
        {"from": [{"namespaceSelector": home, "podSelector": {"matchLabels": {"app.kubernetes.io/name": name}}}], "ports": [port]}
        for name, port in ((GATEWAY, _port(CALLS)), ("agentops-operator", _port(ADMIN)))
    ]
    spec = {"podSelector": {"matchLabels": OWN}, "policyTypes": ["Ingress"], "ingress": ingress}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": _meta(), "spec": spec}


def _port(number: int) -> dict[str, Any]:
    return {"port": number, "protocol": "TCP"}
