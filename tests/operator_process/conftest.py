import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.operator_process.control_plane import ControlPlane
from tests.operator_process.gateway_process import GatewayProcess
from tests.operator_process.process import HOME, OperatorProcess


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server with our CRDs and the namespaces of the tests."""
    plane = ControlPlane(tmp_path_factory.mktemp("control-plane"))
    try:
        plane.start()
        plane.install_crds()
        for name in (HOME, "rt-a"):
            labels = {"agentops.dev/team": "payments"}
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
            plane.apply(f"/api/v1/namespaces/{name}", namespace)
        yield plane
    finally:
        plane.stop()


@pytest.fixture
def control_plane(api_server: ControlPlane) -> Iterator[ControlPlane]:
    """The API server without any object of ours."""
    yield api_server
    api_server.empty(HOME, "rt-a")


@pytest.fixture
def gateway(control_plane: ControlPlane, tmp_path: Path) -> Iterator[GatewayProcess]:
    """A gateway with Redis and a provider."""
    made = GatewayProcess(control_plane, tmp_path)
    made.mount_secret()
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def start(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Callable[..., OperatorProcess]]:
    """Starts operator processes, and ends those that a test leaves running."""
    started: list[OperatorProcess] = []

    def start_one(name: str = "one", *, wait: bool = True, **more: str) -> OperatorProcess:
        process = OperatorProcess(control_plane.kubeconfig, tmp_path / f"operator-{name}.log", name, more=more)
        started.append(process)
        return process.start(wait=wait)

    yield start_one
    for process in started:
        process.stop(signal.SIGKILL)  # one that a test froze hears nothing else; those after it would go on working
