"""Nobody speaks or reads in the name of another."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
import yaml

from tests.cluster.access import Access
from tests.cluster.conftest import fresh_namespaces
from tests.cluster.evidence import pods, refused, spans

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
OWN, OTHER = "e2e-identity-own", "e2e-identity-other"
CLAIM = {
    "service.name": "victim",
    "k8s.namespace.name": OTHER,
    "gen_ai.agent.name": "victim",
    "dev.agentops.agent": "victim",
    "dev.agentops.team": "somebody-else",
}
SEND = """
import json, sys, urllib.request
def attributes(claim): return [{"key": key, "value": {"stringValue": value}} for key, value in claim.items()]
claim = json.loads(sys.argv[1])
span = {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "forged", "kind": 3, "startTimeUnixNano": "1764000000000000000",
        "endTimeUnixNano": "1764000000000000001", "attributes": attributes(claim)}
body = {"resourceSpans": [{"resource": {"attributes": attributes(claim)}, "scopeSpans": [{"spans": [span]}]}]}
headers = {"Content-Type": "application/json"}
urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:4318/v1/traces", json.dumps(body).encode(), headers)).read()
"""
INDEX = {"apiVersion": "agentops.dev/v1alpha1", "kind": "InjectionIndex", "metadata": {"name": "injection"}, "agents": {}}


@pytest.fixture(scope="module")
def own(product: Access) -> Iterator[str]:
    """A namespace with an agent, beside another one."""
    with fresh_namespaces(product, OWN, OTHER):
        product.first_agent(OWN)
        product.until_condition("agents", "first-agent", OWN, Programmed="True", Enforced="True")
        yield OWN


def test_span_that_claims_another_name_is_stored_under_the_true_one(product: Access, own: str) -> None:
    """Namespace, agent and team come from the sidecar's token; what the span says of itself is overwritten."""
    [pod] = pods(product, own)
    product.kubectl("exec", pod["metadata"]["name"], "-c", "agent", "-n", own, "--", "python3", "-c", SEND, json.dumps(CLAIM))
    stored = product.until(
        "the span", lambda: [span for span in spans(product, own) if span["name"] == "forged"], lambda found: bool(found)
    )
    resource = stored[0]["resource"]
    assert resource["k8s.namespace.name"] == own
    assert resource["gen_ai.agent.name"] == resource["dev.agentops.agent"] == "first-agent"
    assert resource["dev.agentops.team"] == "payments"
    assert OTHER not in json.dumps(stored)
    assert product.traces(OTHER, "victim") == ""


def test_reader_sees_its_own_namespace_only(product: Access, own: str) -> None:
    """A token of another namespace reads nothing of this one, whatever it asks for, and no token reads nothing at all."""
    stranger = product.token(OTHER)
    status, body = product.relay("/v1/traces", stranger, namespace=own, agent="first-agent")
    assert (status, "first-agent" in body) in [(200, False), (403, False)]
    assert "first_agent" not in product.relay("/v1/traces", stranger)[1]
    assert product.relay("/v1/observations", stranger)[0] == 403
    assert product.relay("/v1/traces", "")[0] == 401
    assert product.relay("/v1/traces", product.token(OTHER, audience="agentops-elsewhere"))[0] == 401


@pytest.mark.parametrize("audience", [f"agentops/{OWN}/first-agent", "agentops-relay", None])
def test_token_of_another_namespace_cannot_send(product: Access, own: str, audience: str | None) -> None:
    """Only a token of the namespace in its audience may send; none and a reader's are refused too."""
    headers = {"Content-Type": "application/json"}
    if audience is not None:
        headers["Authorization"] = f"Bearer {product.token(OTHER, audience=audience)}"
    request = urllib.request.Request(f"http://{product.relay_address()}:4318/v1/traces", b'{"resourceSpans":[]}', headers)
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=10)
    error.value.close()
    assert error.value.code == 401


def test_tenant_cannot_write_the_index(product: Access, own: str) -> None:
    """Even an account with all rights in the namespace is told that the index is the operator's."""
    product.kubectl("create", "rolebinding", "all", "--clusterrole=cluster-admin", f"--serviceaccount={own}:default", "-n", own)
    tenant = f"--as=system:serviceaccount:{own}:default"
    arguments = ("apply", "--server-side", "--force-conflicts", "-n", own, "-f", "-", tenant)
    assert "written by the AgentOps operator only" in refused(product, *arguments, stdin=yaml.safe_dump(INDEX))
    message = refused(product, "delete", "injectionindexes.agentops.dev", "injection", "-n", own, tenant)
    assert "written by the AgentOps operator only" in message
