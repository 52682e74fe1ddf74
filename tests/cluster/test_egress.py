"""Egress on the real node, whose network enforces NetworkPolicies only while that is switched on: both are told as they are."""

from collections.abc import Callable, Iterator

import pytest

from demo.install import NAMESPACE
from devcluster.node import netpol
from tests.cluster.access import Access
from tests.cluster.evidence import pods
from tests.cluster.shapes import Object, agent, pod, workload

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

RELAY = f"agentops-relay.{NAMESPACE}.svc"
TRY = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
    print("connected")
except socket.gaierror as error:
    print("unknown name")
except OSError:
    print("refused")
"""


@pytest.fixture
def enforcing(product: Access) -> Iterator[Callable[[], None]]:
    """Switches enforcement on; it is off again afterwards, as all other tests expect."""
    yield lambda: netpol.start(product.cluster)
    netpol.stop(product.cluster)


def wide_open(name: str) -> Object:
    """A NetworkPolicy that lets every pod of its namespace connect to everything."""
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


def test_egress_is_what_the_network_makes_of_it(product: Access, namespace: str, enforcing: Callable[[], None]) -> None:
    """Without enforcement it is said not to hold; with it, what is listed is reached and nothing else; then the same way back."""
    egress = {"mode": "Enforced", "allow": [{"podSelector": {"matchLabels": {"app": "friend"}}, "ports": [{"port": 8080}]}]}
    product.apply(agent("closed", "Deployment", egress=egress), namespace=namespace)
    product.wait_for_entry(namespace, "Deployment/closed")
    product.apply(workload("Deployment", "closed"), pod("free"), namespace=namespace)
    told = product.until_condition("agents", "closed", namespace, Enforced="False/NetworkPolicyNotEnforced", Ready="True")
    assert "every pod that tried" in told["Enforced"]["message"]
    inside = Inside(product, namespace)
    assert inside.tries("closed", RELAY, 4321) == "connected"

    enforcing()
    product.until_condition("agents", "closed", namespace, Enforced="True/Enforced")
    assert product.get("agents.agentops.dev", "closed", "-n", namespace)["status"]["egress"] == "1/1"
    assert inside.tries("closed", RELAY, 4320) == "connected"
    assert inside.tries("closed", "kubernetes.default.svc", 443) == "refused"
    assert inside.tries("free", RELAY, 4321) == "connected"
    assert inside.tries("free", "kubernetes.default.svc", 443) == "connected"

    product.apply(wide_open("wide-open"), namespace=namespace)
    told = product.until_condition("agents", "closed", namespace, Enforced="False/EgressWidened")
    assert "wide-open" in told["Enforced"]["message"]
    product.kubectl("delete", "networkpolicy", "wide-open", "-n", namespace)
    product.until_condition("agents", "closed", namespace, Enforced="True/Enforced")

    netpol.stop(product.cluster)
    product.until_condition("agents", "closed", namespace, Enforced="False/NetworkPolicyNotEnforced")


class Inside:
    """Connections that pods begin."""

    def __init__(self, product: Access, namespace: str) -> None:
        self._product = product
        self._namespace = namespace

    def tries(self, name: str, host: str, port: int) -> str:
        """What a pod finds that connects there."""
        [one] = [found["metadata"]["name"] for found in pods(self._product, self._namespace) if self._is(found, name)]
        program = ("python3", "-c", TRY, host, str(port))
        return self._product.kubectl("exec", one, "-n", self._namespace, "-c", "main", "--", *program).strip()

    def _is(self, found: Object, name: str) -> bool:
        return str(found["metadata"]["name"]).split("-")[0] == name
