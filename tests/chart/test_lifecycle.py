"""Install, upgrade and uninstall with helm, while pods of users start."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.admission.apiserver import HOME, INDEXES, PATIENCE, Api, Object, running
from tests.chart.conftest import CHART, Helm

pytestmark = pytest.mark.cluster
POD: Object = {"metadata": {"name": "p", "labels": {"app": "a"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
RELEASE = ("agentops", "--namespace", HOME)


@dataclass
class Cluster:
    """An API server and helm that speaks to it."""

    api: Api
    run: Helm
    kubeconfig: Path

    def helm(self, *args: str | Path) -> str:
        """What helm printed; an error fails the test with its message."""
        done = self.run(*args, "--kubeconfig", self.kubeconfig)
        assert done.returncode == 0, done.stderr
        return done.stdout


@dataclass
class Users:
    """What users of the cluster saw while something happened."""

    created: int = 0
    failures: list[str] = field(default_factory=list)


@contextmanager
def users(cluster: Cluster, namespace: str) -> Iterator[Users]:
    """Creates pods without a pause."""
    seen, stop = Users(), threading.Event()
    api = Api(cluster.api.port, cluster.api.token, cluster.api.log)

    def create() -> None:
        while not stop.is_set():
            status, answer = api.create_pod(namespace, POD)
            seen.created += 1
            if status != 201:
                seen.failures.append(f"{status} {answer.get('message')}")
        api.close()

    thread = threading.Thread(target=create)
    thread.start()
    try:
        yield seen
        time.sleep(3)  # policies that are gone stay in force for a second or so
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def cluster(tmp_path: Path, helm: Helm) -> Iterator[Cluster]:
    """A cluster with a namespace of users."""
    with running(tmp_path) as api:
        api.namespace("shop")
        api.namespace("strict", {"agentops.dev/injection": "Require"})
        yield Cluster(api, helm, api.kubeconfig(tmp_path / "kubeconfig"))


@pytest.mark.parametrize("keep", ["true", "false"], ids=["CRDs kept", "CRDs deleted"])
def test_users_pods_start_through_install_upgrade_and_uninstall(cluster: Cluster, keep: str) -> None:
    """No pod of a user is refused at any moment, and an Agent survives unless its kind is deleted."""
    api = cluster.api
    with users(cluster, "shop") as seen:
        cluster.helm("install", *RELEASE, CHART, "--create-namespace", "--set", f"crds.keep={keep}")
        until("the kinds are served", lambda: served(cluster, INDEXES.format("shop")))
        for namespace in ("shop", "strict"):
            api.index(namespace, {"app=a": [{"agent": "a", "rules": "r"}]})
        api.wait_until_injecting("shop", POD)
        api.wait_until_injecting("strict", POD)
        cluster.helm("upgrade", *RELEASE, CHART, "--set", f"crds.keep={keep}", "--set", "operator.replicas=2")
        cluster.helm("uninstall", *RELEASE)
        # What is gone stays in force for a moment, in which users notice nothing either.
        for namespace in ("shop", "strict"):
            api.wait_until(namespace, POD, 201, injected=False)
        until("kinds are kept or gone", lambda: served(cluster, INDEXES.format("shop")) is (keep == "true"))
    assert seen.failures == []
    assert seen.created > 50
    for kind in ("mutatingadmissionpolicies", "validatingadmissionpolicies"):
        _, left = api.call("GET", f"/apis/admissionregistration.k8s.io/v1/{kind}")
        assert [item["metadata"]["name"] for item in left["items"]] == []


def test_installing_again_adopts_the_kept_crds(cluster: Cluster) -> None:
    """Agents that survived an uninstall are there after the next install."""
    cluster.helm("install", *RELEASE, CHART, "--create-namespace")
    agent = {
        "apiVersion": "agentops.dev/v1alpha1",
        "kind": "Agent",
        "metadata": {"name": "a", "namespace": "shop"},
        "spec": {"targetRef": {"kind": "Deployment", "name": "a"}},
    }
    path = "/apis/agentops.dev/v1alpha1/namespaces/shop/agents"
    until("the kinds are served", lambda: served(cluster, path))
    cluster.api.apply(path, agent)
    cluster.helm("uninstall", *RELEASE)
    cluster.helm("install", *RELEASE, CHART)
    assert cluster.api.call("GET", f"{path}/a")[0] == 200


def test_rollback_brings_back_the_earlier_release_and_its_schemas(cluster: Cluster, tmp_path: Path) -> None:
    """A release with another value and a newer schema is rolled back: value and schema are the older ones, Agents stay."""
    newer = tmp_path / "newer"
    shutil.copytree(CHART, newer)
    schema = newer / "generated/crds/agents.yaml"
    schema.write_text(schema.read_text().replace("useCase:", "useCaseOfTomorrow:"))
    cluster.helm("install", *RELEASE, CHART, "--create-namespace")
    with users(cluster, "shop") as seen:
        cluster.helm("upgrade", *RELEASE, newer, "--set", "operator.replicas=2")
        assert (replicas(cluster), "useCaseOfTomorrow" in known_fields(cluster)) == (2, True)
        cluster.helm("rollback", *RELEASE)
    assert (replicas(cluster), "useCaseOfTomorrow" in known_fields(cluster)) == (1, False)
    assert seen.failures == []


def test_uninstall_that_is_stopped_deletes_nothing_and_is_rolled_back_or_forced(cluster: Cluster) -> None:
    """The guard's Job never ends here, as nobody runs it: a rollback makes the release whole, and --no-hooks forces."""
    cluster.helm("install", *RELEASE, CHART, "--create-namespace", "--set", "gateway.enabled=true")
    stopped = cluster.run("uninstall", *RELEASE, "--timeout", "3s", "--kubeconfig", cluster.kubeconfig)
    assert (stopped.returncode, "timed out" in stopped.stderr) == (1, True), stopped.stderr
    assert [one["status"] for one in history(cluster)] == ["uninstalling"]
    assert replicas(cluster) == 1
    refused = cluster.run("upgrade", *RELEASE, CHART, "--kubeconfig", cluster.kubeconfig)
    assert "has no deployed releases" in refused.stderr
    cluster.helm("rollback", RELEASE[0], "1", *RELEASE[1:])
    assert [one["status"] for one in history(cluster)][-1] == "deployed"
    cluster.helm("upgrade", *RELEASE, CHART, "--set", "gateway.enabled=true")
    cluster.helm("uninstall", *RELEASE, "--no-hooks")
    assert cluster.api.call("GET", f"/apis/apps/v1/namespaces/{HOME}/deployments/agentops-operator")[0] == 404


def served(cluster: Cluster, path: str) -> bool:
    """Whether the API server knows the kind at this path."""
    status, _ = cluster.api.call("GET", path)
    assert status in (200, 404, 429), path  # 429 while it gets ready, and while it goes
    return status == 200


def until(what: str, holds: Callable[[], bool]) -> None:
    """Waits for something to become true."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}"
        time.sleep(0.1)


def history(cluster: Cluster) -> list[Object]:
    """Revisions of the release."""
    found: list[Object] = json.loads(cluster.helm("history", *RELEASE, "-o", "json"))
    return found


def replicas(cluster: Cluster) -> int:
    """How many operators are wanted."""
    _, found = cluster.api.call("GET", f"/apis/apps/v1/namespaces/{HOME}/deployments/agentops-operator")
    return int(found["spec"]["replicas"])


def known_fields(cluster: Cluster) -> set[str]:
    """Fields of an Agent's spec in the cluster."""
    _, found = cluster.api.call("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/agents.agentops.dev")
    [version] = found["spec"]["versions"]
    return set(version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"])
