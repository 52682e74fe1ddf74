"""The certificate authority of one cluster, and one certificate per client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devcluster.commands import run
from devcluster.node.layout import DOMAIN

if TYPE_CHECKING:
    from pathlib import Path

    from devcluster.node.layout import Node

# Without a file of our own openssl adds what the distribution's file says: every leaf becomes an authority.
OPENSSL_CONFIG = "[req]\ndistinguished_name = name\n[name]\n"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650")


@dataclass(frozen=True)
class Identity:
    """Who a certificate speaks for."""

    file: str
    user: str
    group: str = ""
    names: str = ""
    """Subject alternative names of a server."""

    def subject(self) -> str:
        """Return the subject: the API server reads the group from O and the user from CN."""
        return (f"/O={self.group}" if self.group else "") + f"/CN={self.user}"

    def extensions(self) -> list[str]:
        """Return the extensions of the certificate."""
        usage = "serverAuth" if self.names else "clientAuth"
        lines = ["basicConstraints=critical,CA:FALSE", f"extendedKeyUsage={usage}"]
        return lines + ([f"subjectAltName={self.names}"] if self.names else [])


def identities(node: Node) -> list[Identity]:
    """Return every certificate of the cluster."""
    return [
        Identity("apiserver", "kube-apiserver", names=server_names(node)),
        Identity("admin", "kubernetes-admin", "system:masters"),
        # Its own user name: the kubelet's audit and logs then tell it from the administrator.
        Identity("apiserver-to-kubelet", "kube-apiserver-kubelet-client", "system:masters"),
        Identity("controller-manager", "system:kube-controller-manager"),
        Identity("scheduler", "system:kube-scheduler"),
        # The node authorizer lets this user read only what its own pods use.
        Identity("kubelet", f"system:node:{node.cluster.node_name}", "system:nodes"),
        Identity("proxy", "system:kube-proxy"),
    ]


def server_names(node: Node) -> str:
    """Return all the names under which the API server is reached."""
    service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{DOMAIN}"]
    addresses = [node.subnet.api_service, node.subnet.node, "127.0.0.1"]
    return ",".join([f"DNS:{name}" for name in [*service, "localhost"]] + [f"IP:{ip}" for ip in addresses])


def create(node: Node) -> None:
    """Create the authority, all certificates, and the key that signs service account tokens."""
    pki = node.cluster.pki
    pki.mkdir(parents=True, exist_ok=True)
    pki.chmod(0o700)
    (pki / "openssl.cnf").write_text(OPENSSL_CONFIG)
    _authority(pki)
    for identity in identities(node):
        _sign(pki, identity)
    # RSA, because RS256 is what every verifier of service account tokens understands.
    run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", pki / "tokens.key"])
    run(["openssl", "pkey", "-in", pki / "tokens.key", "-pubout", "-out", pki / "tokens.pub"])


def _authority(pki: Path) -> None:
    extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"]
    _request(pki, "ca", "/CN=agentops-devcluster", extensions, [])


def _sign(pki: Path, identity: Identity) -> None:
    authority = ["-CA", str(pki / "ca.crt"), "-CAkey", str(pki / "ca.key")]
    _request(pki, identity.file, identity.subject(), identity.extensions(), authority)


def _request(pki: Path, file: str, subject: str, extensions: list[str], authority: list[str]) -> None:
    added = [word for extension in extensions for word in ("-addext", extension)]
    files: list[str | Path] = ["-config", pki / "openssl.cnf", "-keyout", pki / f"{file}.key", "-out", pki / f"{file}.crt"]
    run(["openssl", "req", "-x509", *KEY, "-subj", subject, *added, *files, *authority])
