"""An API server of its own for admission tests: etcd and kube-apiserver, ready in seconds, with the chart's policies.

Not the node that other tests share: there the operator would remove the indexes that these tests write, and a panic in
the log could be anybody's. Requests are dry runs, so no kubelet and no controller is needed.
"""

import base64
import http.client
import json
import os
import secrets
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from conformance.processes import free_port
from devcluster import bin_dir
from devcluster.build import build

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "agentops-operator"
HOME = "agentops-system"
OPERATOR = f"system:serviceaccount:{HOME}:agentops-operator"
INDEXES = "/apis/agentops.dev/v1alpha1/namespaces/{}/injectionindexes"
KINDS = (
    "CustomResourceDefinition",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)
LAST = "agentops-own-pods"
PANIC = "Observed a panic"
PATIENCE = 60.0

Object = dict[str, Any]


def render(*args: str) -> list[Object]:
    """Objects that the chart renders for the API server of these tests."""
    command = [bin_dir() / "helm", "template", "agentops", CHART, "-n", HOME, "--kube-version", "1.36.3", *args]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [found for found in yaml.safe_load_all(text) if found]


@dataclass
class Api:
    """One keep-alive connection to the API server; kubectl would take fifty times as long for each pod."""

    port: int
    token: str
    log: Path
    process: int = 0
    _connection: http.client.HTTPSConnection | None = field(default=None, repr=False)

    def call(
        self, method: str, path: str, body: Object | None = None, *, user: str = "", groups: tuple[str, ...] = ()
    ) -> tuple[int, Object]:
        """Status code and body of the answer. With `user`, asked in the name of that user."""
        headers = [("Authorization", f"Bearer {self.token}"), ("Accept", "application/json")]
        headers += [("Impersonate-User", user)] if user else []
        # A user that is impersonated has no rights of its own here; the policies look at the name only.
        headers += [("Impersonate-Group", group) for group in ((*groups, "system:masters") if user and not groups else groups)]
        content = json.dumps(body) if body is not None else None
        kind = {"PATCH": "application/merge-patch+json", "APPLY": "application/apply-patch+yaml"}.get(method, "application/json")
        headers += [("Content-Type", kind), ("Content-Length", str(len(content or "")))]
        for attempt in (1, 2):
            try:
                return self._once("PATCH" if method == "APPLY" else method, path, content, headers)
            except (http.client.HTTPException, OSError):  # the server gives up a connection that was idle for a while
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, content: str | None, headers: list[tuple[str, str]]) -> tuple[int, Object]:
        if self._connection is None:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self._connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)
        self._connection.putrequest(method, path)
        for name, value in headers:
            self._connection.putheader(name, value)
        self._connection.endheaders(content.encode() if content is not None else None)
        answer = self._connection.getresponse()
        text = answer.read()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, {"message": text.decode(errors="replace")}

    def close(self) -> None:
        """Closes the connection; an open socket would be a warning, and warnings are errors."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def apply(self, path: str, body: Object, user: str = "") -> Object:
        """Server-side apply under the object's path; fails the test when refused."""
        status, answer = self.call("APPLY", f"{path}/{body['metadata']['name']}?fieldManager=tests&force=true", body, user=user)
        assert status < 300, answer.get("message", answer)
        return answer

    def namespace(self, name: str, labels: dict[str, str] | None = None) -> str:
        """A namespace with the service account that pods have by default; no controller runs here that would make it."""
        self.apply(
            "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels or {}}}
        )
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
        self.apply(f"/api/v1/namespaces/{name}/serviceaccounts", account)
        return name

    def index(self, namespace: str, agents: Object, labels: dict[str, str] | None = None) -> None:
        """Writes the injection index of a namespace under the operator's name."""
        body = {
            "apiVersion": "agentops.dev/v1alpha1",
            "kind": "InjectionIndex",
            "metadata": {"name": "injection", "namespace": namespace, "labels": labels or {}},
            "agents": agents,
        }
        self.apply(INDEXES.format(namespace), body, user=OPERATOR)

    def create_pod(self, namespace: str, pod: Object) -> tuple[int, Object]:
        """Creates a pod as a dry run: all of admission and validation, nothing stored."""
        meta = {**pod.get("metadata", {}), "namespace": namespace}
        return self.call("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", {**pod, "metadata": meta})

    def kubeconfig(self, file: Path) -> Path:
        """A file with which helm and kubectl reach this server as administrator."""
        # The server signs its own certificate; the file ends with the authority.
        authority = base64.b64encode((self.log.parent / "certificates" / "apiserver.crt").read_bytes()).decode()
        cluster = {"server": f"https://127.0.0.1:{self.port}", "certificate-authority-data": authority}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": {"token": self.token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "current-context": "test",
        }
        file.write_text(yaml.safe_dump(content))
        return file

    def panics(self) -> list[str]:
        """Lines of the API server's log that tell of a panic; failurePolicy does not cover those."""
        return [line for line in self.log.read_text(errors="replace").splitlines() if PANIC in line]

    def wait_until_may(self, user: str, verb: str, group: str, resource: str, namespace: str = "") -> None:
        """Waits until a binding that was just written is in force: the authorizer learns of it by watch."""
        asked = {"verb": verb, "group": group, "resource": resource, "namespace": namespace}
        meta = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
        review = {**meta, "spec": {"user": user, "groups": ["system:authenticated"], "resourceAttributes": asked}}
        path, deadline = "/apis/authorization.k8s.io/v1/subjectaccessreviews", time.monotonic() + PATIENCE
        while not (answer := self.call("POST", path, review)[1])["status"]["allowed"]:
            assert time.monotonic() < deadline, f"{user} may not {verb} {resource} after {PATIENCE:.0f} s: {answer}"
            time.sleep(0.05)

    def wait_until_injecting(self, namespace: str, pod: Object) -> None:
        """Waits until a pod gets the sidecar: policies take a second to be active, parameters arrive by watch."""
        self.wait_until(namespace, pod, 201, injected=True)

    def wait_until_refusing(self, namespace: str, pod: Object) -> Object:
        """Waits until a pod is refused: what refuses watches its parameters apart from what injects, and may be behind it."""
        return self.wait_until(namespace, pod, 403, injected=False)

    def wait_until(self, namespace: str, pod: Object, status: int, *, injected: bool) -> Object:
        """Waits until a pod is treated so, and returns the answer: the start and the end of a policy take a second to be seen."""
        deadline = time.monotonic() + PATIENCE
        while True:
            seen, answer = self.create_pod(namespace, pod)
            has = "agentops.dev/agent" in answer.get("metadata", {}).get("annotations", {})
            if (seen, has) == (status, injected):
                return answer
            assert time.monotonic() < deadline, f"after {PATIENCE:.0f} s {seen}, injected: {has}: {answer.get('message', answer)}"
            time.sleep(0.2)


def _program(name: str, log: Path, *args: str) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(
            [bin_dir() / name, *args], stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env={**os.environ}
        )


def _keys(directory: Path) -> tuple[Path, Path]:
    private, public = directory / "sa.key", directory / "sa.pub"
    subprocess.run(["openssl", "genrsa", "-out", private, "2048"], check=True, capture_output=True)
    subprocess.run(["openssl", "rsa", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
    return private, public


@contextmanager
def running(directory: Path, *flags: str) -> Iterator[Api]:
    """Etcd and the API server with more flags, ended afterwards."""
    build()
    client, peer, port = free_port(), free_port(), free_port()
    private, public = _keys(directory)
    token = secrets.token_hex(16)
    (directory / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
    started = [
        _program(
            "etcd",
            directory / "etcd.log",
            f"--data-dir={directory / 'etcd'}",
            "--unsafe-no-fsync",
            f"--listen-client-urls=http://127.0.0.1:{client}",
            f"--advertise-client-urls=http://127.0.0.1:{client}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
        ),
        _program(
            "kube-apiserver",
            directory / "kube-apiserver.log",
            f"--etcd-servers=http://127.0.0.1:{client}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={directory / 'certificates'}",
            "--service-cluster-ip-range=10.99.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={private}",
            f"--service-account-key-file={public}",
            f"--token-auth-file={directory / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            *flags,
        ),
    ]
    api = Api(port, token, directory / "kube-apiserver.log", started[-1].pid)
    try:
        _wait_ready(api, started)
        yield api
    finally:
        api.close()
        # Not asked to end: the API server would wait for its watches, and nothing here is worth keeping.
        for process in started:
            process.kill()
            process.wait()


def _wait_ready(api: Api, started: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        assert all(process.poll() is None for process in started), f"a program ended at its start: {api.log.parent}"
        try:
            if api.call("GET", "/readyz")[0] == 200:
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, f"the API server is not ready after {PATIENCE:.0f} s: {api.log}"
        time.sleep(0.2)


def install_policies(api: Api, *args: str) -> None:
    """The chart's kinds and policies, without the operator; returns when they are in force."""
    objects = [found for found in render(*args) if found["kind"] in KINDS]
    # The policy that _wait_in_force asks for comes last, so that the others are in force before it.
    objects.sort(key=lambda found: (KINDS.index(found["kind"]), found["metadata"]["name"] == LAST))
    for found in objects:
        group = found["apiVersion"]
        plural = "customresourcedefinitions" if found["kind"] == KINDS[0] else found["kind"].lower().replace("policy", "policies")
        plural = plural.replace("policiesbinding", "policybindings")
        api.apply(f"/apis/{group}/{plural}", found)
    api.namespace(HOME)
    deadline = time.monotonic() + PATIENCE
    for found in (found for found in objects if found["kind"] == "CustomResourceDefinition"):
        path = f"/apis/agentops.dev/v1alpha1/{found['spec']['names']['plural']}"
        # 404 at first; then 429, because the first question for a kind fills its cache, and is answered before that is full.
        while api.call("GET", path)[0] != 200:
            assert time.monotonic() < deadline, f"not served: {path}"
            time.sleep(0.1)
    _wait_in_force(api)


def _wait_in_force(api: Api) -> None:
    pod = {"metadata": {"name": "probe"}, "spec": {"containers": [{"name": "a", "image": "foreign"}]}}
    path = f"/api/v1/namespaces/{HOME}/pods?dryRun=All"
    deadline = time.monotonic() + PATIENCE
    while LAST not in api.call("POST", path, pod, user=OPERATOR)[1].get("message", ""):
        assert time.monotonic() < deadline, "the policies are not in force"
        time.sleep(0.1)
