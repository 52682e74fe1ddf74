"""etcd, API server, controllers and scheduler: their command lines, in the order of their start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devcluster import processes
from devcluster.node import kubeconfig
from devcluster.node.layout import API_PORT, ISSUER

if TYPE_CHECKING:
    from devcluster.node.layout import Node

STORE = "http://127.0.0.1:2379"
PEER = "http://127.0.0.1:2380"
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    # One line per finished request is what tests count.
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


def start_api(node: Node) -> None:
    """Start etcd and the API server."""
    node.write("audit-policy.json", AUDIT_POLICY)
    processes.start(node.cluster, "etcd", node.inside(node.program("etcd"), *etcd(node)))
    processes.start(node.cluster, "kube-apiserver", node.inside(node.program("kube-apiserver"), *apiserver(node)))


def start_controllers(node: Node) -> None:
    """Start the controllers and the scheduler; they give up when the API server does not answer yet."""
    for name, arguments in (("controller-manager", controllers(node)), ("scheduler", scheduler(node))):
        kubeconfig.write(node, name, node.cluster.config / f"{name}.kubeconfig")
        program = f"kube-{name}"
        processes.start(node.cluster, program, node.inside(node.program(program), *arguments))


def etcd(node: Node) -> list[str]:
    """Return the arguments of etcd."""
    return [
        f"--data-dir={node.cluster.state / 'etcd'}",
        f"--listen-client-urls={STORE}",
        f"--advertise-client-urls={STORE}",
        f"--listen-peer-urls={PEER}",
        f"--initial-advertise-peer-urls={PEER}",
        f"--initial-cluster=default={PEER}",
        # A test cluster may lose its data in a power cut; waiting for the disk triples the time of every write.
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver(node: Node) -> list[str]:
    """Return the arguments of the API server."""
    return [
        f"--etcd-servers={STORE}",
        "--bind-address=0.0.0.0",
        f"--secure-port={API_PORT}",
        # In-cluster clients are sent to this address; the default would be the host's.
        f"--advertise-address={node.subnet.node}",
        f"--service-cluster-ip-range={node.subnet.services}",
        "--authorization-mode=Node,RBAC",
        # Narrows what the kubelet's credential may write, as on every production cluster.
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        # logs, exec and port-forward would look the node's name up in DNS.
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer={ISSUER}",
        *_apiserver_files(node),
        *_audit(node),
    ]


def _apiserver_files(node: Node) -> list[str]:
    pki = node.cluster.pki
    return [
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--kubelet-client-certificate={pki / 'apiserver-to-kubelet.crt'}",
        f"--kubelet-client-key={pki / 'apiserver-to-kubelet.key'}",
        f"--service-account-signing-key-file={pki / 'tokens.key'}",
        f"--service-account-key-file={pki / 'tokens.pub'}",
    ]


def _audit(node: Node) -> list[str]:
    return [
        f"--audit-policy-file={node.cluster.config / 'audit-policy.json'}",
        f"--audit-log-path={node.cluster.audit_log}",
        # Rotation would move lines away under a test that counts them.
        "--audit-log-maxsize=4096",
    ]


def controllers(node: Node) -> list[str]:
    """Return the arguments of the controller manager."""
    pki = node.cluster.pki
    return [
        f"--kubeconfig={node.cluster.config / 'controller-manager.kubeconfig'}",
        f"--service-account-private-key-file={pki / 'tokens.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        # The default is a directory of the host, which would be created there.
        f"--flex-volume-plugin-dir={node.cluster.kubelet / 'plugins-exec'}",
        # Each controller gets only its own rights, as on every production cluster.
        "--use-service-account-credentials=true",
        "--leader-elect=false",
    ]


def scheduler(node: Node) -> list[str]:
    """Return the arguments of the scheduler."""
    return [f"--kubeconfig={node.cluster.config / 'scheduler.kubeconfig'}", "--leader-elect=false"]
