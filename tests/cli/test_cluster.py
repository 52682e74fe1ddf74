"""Commands that read a real API server."""

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.runner import run
from tests.cluster_access import Kubectl
from tests.crds.conftest import admin_config, kubectl, namespace

__all__ = ["admin_config", "kubectl", "namespace"]  # fixtures: the definitions are served, and a namespace

pytestmark = pytest.mark.cluster


@pytest.fixture
def agent(kubectl: Kubectl, namespace: str) -> Iterator[str]:
    """An Agent, and a pod of its workload that needs no node to exist."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "lonely", "namespace": namespace, "labels": {"app": "lonely"}},
        "spec": {"schedulingGates": [{"name": "agentops.dev/test"}], "containers": [{"name": "main", "image": "none"}]},
    }
    spec = {"podSelector": {"matchLabels": {"app": "lonely"}}}
    body = {
        "apiVersion": "agentops.dev/v1alpha1",
        "kind": "Agent",
        "metadata": {"name": "lonely", "namespace": namespace},
        "spec": spec,
    }
    kubectl.as_admin().apply(pod, body)
    yield "lonely"
    kubectl("delete", "agent/lonely", "pod/lonely", "-n", namespace, "--grace-period=0", "--force")


@pytest.fixture
def stranger(kubectl: Kubectl, namespace: str, tmp_path: Path) -> Path:
    """Kubeconfig of a service account that may read Agents and pods of the namespace, and nothing else."""
    name, deadline = f"stranger-{uuid.uuid4().hex[:6]}", time.monotonic() + 60
    kubectl("create", "serviceaccount", name, "-n", namespace)
    kubectl("create", "role", name, "--verb=get,list", "--resource=agents.agentops.dev,pods", "-n", namespace)
    kubectl("create", "rolebinding", name, f"--role={name}", f"--serviceaccount={namespace}:{name}", "-n", namespace)
    asked = ("auth", "can-i", "list", "pods", "-n", namespace, f"--as=system:serviceaccount:{namespace}:{name}")
    while kubectl.as_admin().run(*asked).stdout != "yes\n":  # the authorizer learns of the binding by watch
        assert time.monotonic() < deadline, name
    config: dict[str, Any] = yaml.safe_load(kubectl("config", "view", "--raw", "--minify", "--flatten"))
    config["users"] = [{"name": "stranger", "user": {"token": kubectl("create", "token", name, "-n", namespace).strip()}}]
    config["contexts"][0]["context"] |= {"user": "stranger", "namespace": namespace}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


def test_reads_of_the_command_line_work_on_a_real_server(
    admin_config: Path, namespace: str, agent: str, stranger: Path, kubectl: Kubectl
) -> None:
    """Status and explanation are read from the real API, with full rights and with few."""
    flags = ("--kubeconfig", admin_config, "-n", namespace)
    told = json.loads(run("status", agent, *flags, "-o", "json").stdout)["agents"][0]
    assert told["name"] == "lonely"
    assert told["enforced"] != "True"  # Unknown where no operator runs, False where one has looked
    assert told["pods"][0]["state"] == "missed"

    result = run("explain", "pod", "pod/lonely", *flags)
    assert result.exit_code == 1
    assert "lonely" in result.stdout
    assert "lonely: not injected" in result.stdout

    # The context's own namespace is used when -n is absent, and what may not be read is unknown.
    result = run("explain", "pod", "lonely", "--kubeconfig", stranger)
    assert result.exit_code == 1
    assert "? whether injection is switched on" in result.stdout
    assert "? labels of the namespace" in result.stdout
    assert run("status", "-A", "--kubeconfig", stranger).exit_code == 3
    assert "lonely" in run("status", "--kubeconfig", stranger).stdout


def test_absent_objects_are_wrong_usage(admin_config: Path, kubectl: Kubectl, namespace: str) -> None:
    """A typo in a name is no state of the cluster."""
    flags = ("--kubeconfig", admin_config, "-n", namespace)
    assert run("status", "nobody", *flags).exit_code == 2
    assert run("explain", "pod", "nobody", *flags).exit_code == 2
    assert run("mask", "test", "nobody", *flags, stdin="x").exit_code == 2


def test_refused_token_exits_with_3(stranger: Path, tmp_path: Path) -> None:
    """An expired login is an outage for the caller, not a finding."""
    config = yaml.safe_load(stranger.read_text())
    config["users"][0]["user"]["token"] = "expired"
    (tmp_path / "expired").write_text(yaml.safe_dump(config))
    result = run("status", "--kubeconfig", tmp_path / "expired")
    assert result.exit_code == 3
    assert "log in anew" in result.stderr
