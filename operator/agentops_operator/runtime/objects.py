"""Objects of the API server: where they stand, and what the runtime asks of the server."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from agentops_operator.agent.kind import KINDS
from agentops_operator.policies import POLICIES, RECORDS

# Every kind that the operator touches stands here, so that no request is spent on discovery and a broken
# aggregated API, which makes discovery fail, stops nothing.
PLURALS = {
    "ConfigMap": "configmaps",
    "CronJob": "cronjobs",
    "CustomResourceDefinition": "customresourcedefinitions",
    "Deployment": "deployments",
    "Event": "events",
    "Job": "jobs",
    "Lease": "leases",
    "Namespace": "namespaces",
    "NetworkPolicy": "networkpolicies",
    "Pod": "pods",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "PrometheusRule": "prometheusrules",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
    "StatefulSet": "statefulsets",
    **{info.kind: info.plural for info in (*KINDS, *POLICIES, *RECORDS)},
}
TERMINATING = "because it is being terminated"
Listed = tuple[list[dict[str, Any]], str]  # items, and the resource version to watch from


class ApiError(Exception):
    """The API server refused a request, or could not be reached (status 0)."""

    expected = True  # the message says everything; a stack trace of ours would only hide it

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}" if status else message)
        self.status = status
        self.reason = reason
        self.message = message

    @property
    def moot(self) -> bool:
        """Whether the object, or its namespace, is going away: then there is nothing to mend and nothing to say."""
        return self.status == HTTPStatus.NOT_FOUND or (self.status == HTTPStatus.FORBIDDEN and TERMINATING in self.message)

    @property
    def immutable(self) -> bool:
        """Whether the object must be made anew to be changed so."""
        return self.status == HTTPStatus.UNPROCESSABLE_ENTITY and "updates to statefulset spec" in self.message


@dataclass(frozen=True, slots=True)
class Ref:
    """Where an object stands in the API."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`Kind namespace/name`, as messages show it."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def ref_of(obj: Mapping[str, Any]) -> Ref:
    """Where this object stands."""
    metadata = obj["metadata"]
    return Ref(obj["apiVersion"], obj["kind"], metadata.get("namespace", ""), metadata.get("name", ""))


def path_of(ref: Ref, subresource: str = "") -> str:
    """URL path of an object, or of the collection when the name is empty."""
    root = "/api/" if "/" not in ref.api_version else "/apis/"
    parts = [root + ref.api_version]
    if ref.namespace:
        parts.append(f"namespaces/{ref.namespace}")
    parts.append(PLURALS[ref.kind])
    parts += [part for part in (ref.name, subresource) if part]
    return "/".join(parts)


@dataclass(frozen=True)
class Connection:
    """How to reach the API server, for the watching framework; secrets stay out of its text form."""

    server: str
    ca_path: str | None
    insecure: bool
    token: str | None
    certificate_path: str | None
    private_key_path: str | None

    def __repr__(self) -> str:
        """The server only."""
        return f"Connection({self.server})"


class Cluster(Protocol):
    """What the runtime asks of the API server; tests bring their own."""

    async def apply(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply; returns the object's metadata as it stands now."""

    async def apply_as(self, manager: str, obj: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply of some fields under a field manager of its own."""

    async def apply_status(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply of the status, under the status field manager."""

    async def create(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Creates an object; 409 when it exists."""

    async def replace(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Replaces an object; 409 when its resourceVersion is not the newest."""

    async def get(self, ref: Ref) -> dict[str, Any] | None:
        """The object, or None."""

    async def serves(self, api_version: str, kind: str) -> bool:
        """Whether the API server has this kind now."""

    async def delete(self, ref: Ref, uid: str, *, keep_children: bool = False) -> None:
        """Deletes this very object; one of the same name that came later is left alone."""

    def pages(self, ref: Ref, *, labels: str = "", fields: str = "", metadata: bool = False) -> AsyncIterator[Listed]:
        """A collection page by page: a whole one in memory at once would be many times what is kept of it."""

    async def list(self, ref: Ref, *, labels: str = "", fields: str = "", metadata: bool = False) -> Listed:
        """A small collection at once."""

    def watch(
        self, ref: Ref, version: str, *, labels: str = "", fields: str = "", metadata: bool = False
    ) -> AsyncIterator[dict[str, Any]]:
        """Events of a collection, until the server ends the stream."""
