"""Paths of the API that the command line reads."""

from agentops_operator.api.kind import API_VERSION
from agentops_operator.generate.kinds import ALL
from agentops_operator.kube.names import INDEX_NAME

PLURALS = {info.kind: info.plural for info in ALL}
BINDINGS = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


def ours(kind: str, namespace: str = "", name: str = "") -> str:
    """Path of one of our objects, or of the collection when the name is empty."""
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/{API_VERSION}{within}/{PLURALS[kind]}" + (f"/{name}" if name else "")


def index(namespace: str) -> str:
    """Path of a namespace's injection index."""
    return ours("InjectionIndex", namespace, INDEX_NAME)


def core(plural: str, namespace: str = "", name: str = "") -> str:
    """Path of an object of the core group, or of the collection when the name is empty."""
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"/api/v1{within}/{plural}" + (f"/{name}" if name else "")
