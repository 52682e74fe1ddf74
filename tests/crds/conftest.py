"""The definitions on a real API server, and a namespace to try objects in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentops_operator.generate.files import render_all
from agentops_operator.generate.kinds import ALL
from tests.admission.apiserver import running
from tests.cluster_access import Kubectl


@pytest.fixture(scope="session")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """Kubectl on an API server that serves the definitions as they are rendered now."""
    home = tmp_path_factory.mktemp("crds")
    with running(home) as api:
        kubectl = Kubectl(api.kubeconfig(home / "kubeconfig"))
        kubectl("apply", "--server-side", "-f", "-", stdin=render_all()["crds/agentops-crds.yaml"])
        kubectl("wait", "--for=condition=Established", "--timeout=60s", *(f"crd/{kind.crd_name}" for kind in ALL))
        yield kubectl.as_operator()


@pytest.fixture(scope="session")
def namespace(kubectl: Kubectl) -> str:
    """A namespace for what is not only a dry run."""
    kubectl("create", "namespace", "crd-cases")
    kubectl("create", "serviceaccount", "default", "-n", "crd-cases")  # as a controller does in a whole cluster
    return "crd-cases"


@pytest.fixture(scope="session")
def admin_config(kubectl: Kubectl) -> Path:
    """Kubeconfig of an administrator."""
    return kubectl.kubeconfig
