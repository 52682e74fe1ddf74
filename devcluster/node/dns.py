"""Cluster DNS: CoreDNS as a Deployment with the address that the kubelet gives to pods."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from devcluster.commands import run
from devcluster.node.layout import DOMAIN

if TYPE_CHECKING:
    from pathlib import Path

    from devcluster.node.layout import Node

IMAGE = "localhost/agentops-coredns:1"
NAME = {"name": "coredns", "namespace": "kube-system"}
LABELS = {"k8s-app": "kube-dns"}
# Names outside the cluster are refused at once: the node has no way out, and a forward would only time out.
COREFILE = f""".:53 {{
    errors
    health
    ready
    kubernetes {DOMAIN} in-addr.arpa {{
        pods insecure
        ttl 5
    }}
    cache 5
}}
"""
READABLE = [
    {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
]


def start(node: Node) -> None:
    """Create the objects of cluster DNS."""
    kubectl: list[str | Path] = [node.program("kubectl"), f"--kubeconfig={node.cluster.kubeconfig}"]
    objects = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests(node)})
    run([*kubectl, "apply", "--server-side", "-f", "-"], stdin=objects)


def manifests(node: Node) -> list[dict[str, object]]:
    """Return the objects of cluster DNS."""
    return [*_account(), _corefile(), _deployment(), _service(node)]


def _account() -> list[dict[str, object]]:
    rbac, role = "rbac.authorization.k8s.io", {"name": "agentops:coredns"}
    subject = {"kind": "ServiceAccount", **NAME}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": NAME},
        {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": role, "rules": READABLE},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": role,
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", **role},
            "subjects": [subject],
        },
    ]


def _corefile() -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": NAME, "data": {"Corefile": COREFILE}}


def _deployment() -> dict[str, object]:
    pod = {
        "serviceAccountName": "coredns",
        # With the cluster's own DNS it would ask itself before it answers.
        "dnsPolicy": "Default",
        "priorityClassName": "system-cluster-critical",
        "containers": [_container()],
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
    }
    template = {"metadata": {"labels": LABELS}, "spec": pod}
    spec = {"replicas": 1, "selector": {"matchLabels": LABELS}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": NAME, "spec": spec}


def _container() -> dict[str, object]:
    return {
        "name": "coredns",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "20m", "memory": "30Mi"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns"}],
    }


def _service(node: Node) -> dict[str, object]:
    ports = [{"name": f"dns-{kind}", "port": 53, "protocol": kind.upper()} for kind in ("udp", "tcp")]
    spec = {"clusterIP": node.subnet.dns, "selector": LABELS, "ports": ports}
    # The name by which every tool looks for cluster DNS.
    return {"apiVersion": "v1", "kind": "Service", "metadata": {**NAME, "name": "kube-dns"}, "spec": spec}
