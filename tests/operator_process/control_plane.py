"""An API server and etcd of a test's own: nobody else writes there, and a test may kill it."""

import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from agentops_operator.agent.kind import KINDS
from agentops_operator.policies import POLICIES
from conformance.processes import free_port
from devcluster import bin_dir

TOKEN = "test-admin"
NARROW_TOKEN = "test-narrow"
NARROW_USER = "narrow"  # who may do what a test binds, and nothing else
ROOT = Path(__file__).parents[2]


@dataclass
class ControlPlane:
    """etcd and kube-apiserver as processes; no controllers, so nothing but the operator under test changes an object."""

    home: Path
    ports: tuple[int, int, int] = field(default_factory=lambda: (free_port(), free_port(), free_port()))
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Address of the API server."""
        return f"https://127.0.0.1:{self.ports[2]}"

    @property
    def kubeconfig(self) -> Path:
        """Admin access."""
        return self.home / "kubeconfig"

    @property
    def narrow_kubeconfig(self) -> Path:
        """Access of a user without any right of its own."""
        return self.home / "narrow-kubeconfig"

    @property
    def audit(self) -> Path:
        """One line for each finished request."""
        return self.home / "audit.log"

    def start(self) -> None:
        """Starts both and waits until they are ready."""
        self.start_etcd()
        self._write_files()
        self.start_api_server()

    def start_etcd(self) -> None:
        """Starts etcd."""
        client, peer, _ = self.ports
        self._run(
            "etcd",
            f"--data-dir={self.home / 'etcd'}",
            "--unsafe-no-fsync",
            f"--listen-client-urls=http://127.0.0.1:{client}",
            f"--advertise-client-urls=http://127.0.0.1:{client}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
            "--log-level=error",
        )

    def start_api_server(self) -> None:
        """Starts the API server, over the data that is there."""
        files = self.home
        self._run(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self.ports[0]}",
            f"--secure-port={self.ports[2]}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={files / 'certs'}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={files / 'sa.key'}",
            f"--service-account-signing-key-file={files / 'sa.key'}",
            f"--token-auth-file={files / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            f"--audit-policy-file={files / 'audit.yaml'}",
            f"--audit-log-path={self.audit}",
            "--audit-log-mode=blocking",
        )
        self._until_ready()

    def kill(self, name: str) -> None:
        """Kills one of the two without a warning."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """Stops both."""
        for name in tuple(self.processes):
            self.kill(name)

    def request(self, method: str, path: str, body: Any = None, content: str = "application/json") -> dict[str, Any]:
        """One request as admin."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": content, "User-Agent": "the-test"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30, context=any_certificate()) as answer:
            found: dict[str, Any] = json.loads(answer.read() or b"{}")
            return found

    def apply(self, path: str, obj: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply as admin."""
        query = "?fieldManager=the-test&force=true"
        return self.request("PATCH", path + query, obj, "application/apply-patch+yaml")

    def get(self, path: str) -> dict[str, Any] | None:
        """An object, or None."""
        try:
            return self.request("GET", path)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def install_crds(self) -> None:
        """Applies the committed CRDs and waits until each is served."""
        crds = {}
        for file in sorted((ROOT / "crds").glob("*.yaml")):
            for crd in yaml.safe_load_all(file.read_text()):
                crds[crd["spec"]["names"]["plural"]] = crd
                self.apply(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd['metadata']['name']}", crd)
        deadline = time.monotonic() + 60
        while missing := [plural for plural in crds if not self._serves(f"/apis/agentops.dev/v1alpha1/{plural}")]:
            assert time.monotonic() < deadline, f"not served: {missing}"
            time.sleep(0.1)

    def _serves(self, path: str) -> bool:
        try:
            return self.get(path) is not None
        except urllib.error.HTTPError as error:
            if error.code == 429:  # the first question for a kind fills its cache, and is answered before that is full
                return False
            raise

    def empty(self, *namespaces: str) -> None:
        """Deletes what an operator and the tests made in these namespaces."""
        ours = "/apis/agentops.dev/v1alpha1/namespaces/{}/"
        collections = [ours + info.plural for info in (*KINDS, *POLICIES)]
        collections += ["/api/v1/namespaces/{}/configmaps", "/apis/apps/v1/namespaces/{}/statefulsets"]
        collections += ["/apis/apps/v1/namespaces/{}/deployments"]
        collections += ["/apis/coordination.k8s.io/v1/namespaces/{}/leases"]
        for namespace in namespaces:
            for collection in collections:
                self.request("DELETE", collection.format(namespace))

    def writes(self, since: int = 0) -> list[str]:
        """Writes of everybody but the test itself and the API server, Leases apart, from a line of the audit log on.

        The API server answers before it writes the line: what was only just seen may not stand here yet.
        """
        return [_told(entry) for entry in self._written(since) if entry["objectRef"]["resource"] != "leases"]

    def renewals(self, since: int) -> int:
        """How often somebody renewed a Lease: the time of an operator, which a busy machine slows down as it does its work."""
        return sum(_told(entry).startswith("update leases/") for entry in self._written(since))

    def mark(self) -> int:
        """Lines of the audit log so far."""
        return len(self._lines())

    def _written(self, since: int) -> Iterator[dict[str, Any]]:
        for line in self._lines()[since:]:
            entry = json.loads(line)
            ours = not entry.get("userAgent", "").startswith(("the-test", "kube-apiserver"))
            if ours and entry["verb"] in ("create", "update", "patch", "delete"):
                yield entry

    def _lines(self) -> list[bytes]:
        content = self.audit.read_bytes()
        return content[: content.rfind(b"\n") + 1].splitlines()  # the API server may be writing the last one

    def _run(self, name: str, *arguments: str) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen([str(bin_dir() / name), *arguments], stdout=log, stderr=log)

    def _until_ready(self) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(self.url + "/readyz", timeout=2, context=any_certificate()):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError((self.home / "kube-apiserver.log").read_text()[-2000:])

    def _write_files(self) -> None:
        narrow = f"{NARROW_TOKEN},{NARROW_USER},{NARROW_USER}\n"
        self.home.joinpath("tokens.csv").write_text(f'{TOKEN},admin,admin,"system:masters"\n{narrow}')
        rules = {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "rules": [{"level": "Metadata"}],
        }
        self.home.joinpath("audit.yaml").write_text(yaml.safe_dump(rules))
        key = subprocess.run(["openssl", "genrsa", "2048"], check=True, capture_output=True).stdout
        self.home.joinpath("sa.key").write_bytes(key)
        self._write_kubeconfig(self.kubeconfig, TOKEN)
        self._write_kubeconfig(self.narrow_kubeconfig, NARROW_TOKEN)

    def _write_kubeconfig(self, path: Path, token: str) -> None:
        named = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": self.url, "insecure-skip-tls-verify": True}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        path.write_text(yaml.safe_dump(named))
        path.chmod(0o600)


def _told(entry: dict[str, Any]) -> str:
    place = entry["objectRef"]
    return f"{entry['verb']} {place['resource']}/{place.get('subresource', '')} by {entry.get('userAgent', '')}"


def any_certificate() -> ssl.SSLContext:
    """Takes the API server's self-made certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
