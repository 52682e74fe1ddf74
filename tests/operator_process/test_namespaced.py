"""A namespaced install at a real API server, with the rights of the chart's Roles and no others."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.operator_process.control_plane import NARROW_USER, ROOT, ControlPlane
from tests.operator_process.process import HOME, OperatorProcess
from tests.operator_process.test_process import KINDS, create, ready, until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
RULES = yaml.safe_load((ROOT / "charts/agentops-operator/generated/rbac.yaml").read_text())
RBAC = "rbac.authorization.k8s.io"


def _grant(plane: ControlPlane, namespace: str, name: str, rules: list[dict[str, Any]]) -> None:
    path = f"/apis/{RBAC}/v1/namespaces/{namespace}"
    head = {"apiVersion": f"{RBAC}/v1", "metadata": {"name": name, "namespace": namespace}}
    plane.apply(f"{path}/roles/{name}", {**head, "kind": "Role", "rules": rules})
    subjects = [{"kind": "User", "apiGroup": RBAC, "name": NARROW_USER}]
    reference = {"apiGroup": RBAC, "kind": "Role", "name": name}
    plane.apply(f"{path}/rolebindings/{name}", {**head, "kind": "RoleBinding", "roleRef": reference, "subjects": subjects})


@pytest.fixture
def narrow(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Callable[[], OperatorProcess]]:
    """Starts the operator for two namespaces, as the chart's Roles allow it."""
    for namespace in (HOME, "rt-a"):
        _grant(control_plane, namespace, "agentops-operator", RULES["rules"])
    _grant(control_plane, HOME, "agentops-operator-own", RULES["namespaceRules"])
    more = {"AGENTOPS_WATCH_NAMESPACES": f"rt-a,{HOME}"}
    process = OperatorProcess(control_plane.narrow_kubeconfig, tmp_path / "operator.log", more=more)
    yield process.start
    process.stop()


def test_team_of_the_namespace_is_charged(control_plane: ControlPlane, narrow: Callable[[], OperatorProcess]) -> None:
    """Work is done and the namespace's label is known, though namespaces may be neither listed nor watched."""
    narrow()
    create(control_plane, "billing")
    until("ready", lambda: ready(control_plane, "billing"))
    found = control_plane.get(f"{KINDS}/agents/billing") or {}
    assert found["status"]["team"] == "payments"
