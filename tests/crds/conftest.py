"""The definitions on the real API server, and a namespace to try objects in."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentops_operator.generate.files import render_all
from agentops_operator.generate.kinds import ALL
from tests.cluster_access import Kubectl

# The chart is installed on the same cluster by other tests; helm refuses definitions that it does not find marked as its own.
HELM_LABEL = "app.kubernetes.io/managed-by=Helm"
HELM_RELEASE = ("meta.helm.sh/release-name=agentops", "meta.helm.sh/release-namespace=agentops-system")


@pytest.fixture(scope="session")
def kubectl(kubeconfig: Path) -> Kubectl:
    """Kubectl on a cluster that serves the definitions as they are rendered now."""
    kubectl = Kubectl(kubeconfig)
    bundle = render_all()["crds/agentops-crds.yaml"]
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=bundle)
    names = [f"crd/{kind.crd_name}" for kind in ALL]
    kubectl("label", "--overwrite", *names, HELM_LABEL)
    kubectl("annotate", "--overwrite", *names, *HELM_RELEASE)
    kubectl("wait", "--for=condition=Established", "--timeout=60s", *names)
    return kubectl.as_operator()


@pytest.fixture(scope="session")
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """A namespace of this run only, so that two runs on one cluster do not meet."""
    name = f"crd-{uuid.uuid4().hex[:8]}"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")
