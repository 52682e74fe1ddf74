"""The API server and the `restricted` Pod Security level judge the CronJob."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from agentops_operator.kube.children import stamp
from agentops_operator.policies.evaluation.compile import compile_evaluation
from tests.cluster_access import Kubectl
from tests.policies.evaluation.test_compile import WANTED

NAMESPACE = "evaluation-restricted"
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}


@pytest.fixture(scope="module")
def kubectl(kubeconfig: Path) -> Iterator[Kubectl]:
    """kubectl, and a namespace that takes restricted pods only."""
    found = Kubectl(kubeconfig)
    found.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": RESTRICTED}})
    yield found
    found("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.mark.cluster
@pytest.mark.parametrize("case", WANTED)
def test_cron_job_is_accepted_without_a_warning(kubectl: Kubectl, case: str) -> None:
    """Strict validation knows every field, and Pod Security has nothing to warn of."""
    made = stamp(compile_evaluation(WANTED[case]), NAMESPACE, None)
    done = kubectl.run("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", stdin=yaml.safe_dump(made))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.cluster
@pytest.mark.parametrize("case", WANTED)
def test_pod_is_admitted_under_restricted(kubectl: Kubectl, case: str) -> None:
    """Pod Security only warns of a CronJob; its pod it would refuse."""
    template = compile_evaluation(WANTED[case])["spec"]["jobTemplate"]["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": NAMESPACE}, "spec": template["spec"]}
    done = kubectl.run("create", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(pod))
    assert done.returncode == 0, done.stderr
