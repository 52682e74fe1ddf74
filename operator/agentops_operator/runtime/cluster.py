"""The API server. This is the only file that knows the client library."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from kubernetes.aio import client as api
from kubernetes.aio import config as kube_config
from yarl import URL

from agentops_operator.agent.kind import KINDS
from agentops_operator.api.kind import API_VERSION
from agentops_operator.kube.names import FIELD_MANAGER, STATUS_FIELD_MANAGER
from agentops_operator.policies import POLICIES, RECORDS
from agentops_operator.runtime.metrics import Metrics
from agentops_operator.runtime.objects import ApiError, Connection, Listed, Ref, path_of, ref_of

METADATA = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1,application/json"
JSON = "application/json"
APPLY = "application/apply-patch+yaml"
PAGE = "500"
CALL = aiohttp.ClientTimeout(total=30, sock_connect=10)
WATCH_SECONDS = 290  # below the API server's own limit, so that a stream ends in order
BROKEN = (aiohttp.ClientError, HttpProcessingError, TimeoutError, OSError, ValueError)
"""What reading an answer may raise: a connection that breaks, a line that is too long, text of a proxy in place of JSON."""


@dataclass(frozen=True)
class Request:
    """One request."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    content: str = JSON
    accept: str = JSON
    limits: aiohttp.ClientTimeout = CALL

    def __str__(self) -> str:
        """Method and path; a body may hold what no log should."""
        return f"{self.method} {self.path}"


class ApiCluster:
    """The real API server."""

    def __init__(self, configuration: Any, metrics: Metrics) -> None:
        # One connection per worker and watch at most waits here; the library's default equals the number of cores.
        configuration.connection_pool_maxsize = 100
        # The library looks for proxies and ~/.netrc at every request, in a thread: half of the time of a small request.
        configuration.client_session_kwargs = {"trust_env": False}
        self._client = api.ApiClient(configuration)
        self._metrics = metrics

    async def close(self) -> None:
        """Closes all connections."""
        await self._client.close()

    async def connection(self) -> Connection:
        """How to reach the API server now; the token of a service account changes."""
        settings = self._client.configuration
        header = await settings.get_api_key_with_prefix("BearerToken") or ""
        return Connection(
            server=settings.host,
            ca_path=settings.ssl_ca_cert,
            insecure=not settings.verify_ssl,
            token=header.split(" ", 1)[-1].strip() or None,
            certificate_path=settings.cert_file,
            private_key_path=settings.key_file,
        )

    async def apply(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply; our fields win, because a child has no other owner. Content that was sent is not sent back."""
        return await self.apply_as(FIELD_MANAGER, obj)

    async def apply_as(self, manager: str, obj: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply under this field manager."""
        self._metrics.writes.labels(obj["kind"], "object").inc()
        query = {"fieldManager": manager, "force": "true"}
        return await self._call(Request("PATCH", path_of(ref_of(obj)), query, obj, APPLY, METADATA.format("")))

    async def apply_status(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply of the status."""
        self._metrics.writes.labels(obj["kind"], "status").inc()
        query = {"fieldManager": STATUS_FIELD_MANAGER, "force": "true"}
        return await self._call(Request("PATCH", path_of(ref_of(obj), "status"), query, obj, APPLY))

    async def create(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Creates an object."""
        self._metrics.writes.labels(obj["kind"], "object").inc()
        ref = ref_of(obj)
        collection = Ref(ref.api_version, ref.kind, ref.namespace, "")
        return await self._call(Request("POST", path_of(collection), {"fieldManager": FIELD_MANAGER}, obj))

    async def replace(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Replaces an object."""
        return await self._call(Request("PUT", path_of(ref_of(obj)), {"fieldManager": FIELD_MANAGER}, obj))

    async def get(self, ref: Ref) -> dict[str, Any] | None:
        """The object, or None."""
        try:
            return await self._call(Request("GET", path_of(ref)))
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def get_or_none(self, ref: Ref) -> dict[str, Any] | None:
        """The object, or None when it is absent, unreadable or unreachable; for what is good to know only."""
        try:
            return await self.get(ref)
        except ApiError:
            return None

    async def missing_kinds(self) -> list[str]:
        """Our kinds that the API server does not serve yet."""
        served = await self._served(API_VERSION)
        return [info.kind for info in (*KINDS, *POLICIES, *RECORDS) if info.kind not in served]

    async def serves(self, api_version: str, kind: str) -> bool:
        """Whether the API server has this kind now."""
        return kind in await self._served(api_version)

    async def _served(self, api_version: str) -> frozenset[str]:
        try:
            answer = await self._call(Request("GET", f"/apis/{api_version}"))
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return frozenset()
        return frozenset(resource["kind"] for resource in answer.get("resources", ()))

    async def delete(self, ref: Ref, uid: str, *, keep_children: bool = False) -> None:
        """Deletes this very object; that it is gone already, or replaced, is as good."""
        self._metrics.writes.labels(ref.kind, "delete").inc()
        body = {"preconditions": {"uid": uid}, "propagationPolicy": "Orphan" if keep_children else "Background"}
        try:
            await self._call(Request("DELETE", path_of(ref), body=body))
        except ApiError as error:
            if error.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                raise

    async def list(self, ref: Ref, *, labels: str = "", fields: str = "", metadata: bool = False) -> Listed:
        """A small collection at once."""
        found: list[dict[str, Any]] = []
        version = ""
        async for items, version in self.pages(ref, labels=labels, fields=fields, metadata=metadata):  # noqa: B007
            found += items
        return found, version

    async def pages(self, ref: Ref, *, labels: str = "", fields: str = "", metadata: bool = False) -> AsyncIterator[Listed]:
        """A collection page by page."""
        query = _selectors(labels, fields) | {"limit": PAGE}
        accept = METADATA.format("List") if metadata else JSON
        while True:
            page = await self._call(Request("GET", path_of(ref), query, accept=accept))
            yield page.pop("items", None) or [], page["metadata"]["resourceVersion"]
            if not page["metadata"].get("continue"):
                return
            query["continue"] = page["metadata"]["continue"]

    async def watch(
        self, ref: Ref, version: str, *, labels: str = "", fields: str = "", metadata: bool = False
    ) -> AsyncIterator[dict[str, Any]]:
        """Events of a collection, bookmarks included; a stream that is silent for 75 s is taken for dead."""
        query = _selectors(labels, fields) | {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        limits = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=75)
        accept = METADATA.format("") if metadata else JSON
        response = await self._send(Request("GET", path_of(ref), query, accept=accept, limits=limits))
        try:
            async for line in response.content:
                yield json.loads(line)
        except BROKEN as error:
            raise ApiError(0, "WatchEnded", f"watch of {path_of(ref)} ended: {error or type(error).__name__}") from error
        finally:
            response.close()

    async def _call(self, request: Request) -> dict[str, Any]:
        response = await self._send(request)
        try:
            answer: dict[str, Any] = json.loads(await response.read())
        except BROKEN as error:
            raise _unreachable(request, error) from error
        return answer

    async def _send(self, request: Request) -> aiohttp.ClientResponse:
        # The library's param_serialize would copy the body value by value, and quote and parse the address once more.
        settings = self._client.configuration
        headers = {"Accept": request.accept, "Content-Type": request.content, "User-Agent": FIELD_MANAGER}
        if token := await settings.get_api_key_with_prefix("BearerToken", alias="authorization"):
            headers["Authorization"] = token
        query = f"?{urlencode(request.query)}" if request.query else ""
        url = URL(f"{settings.host}{request.path}{query}", encoded=True)
        try:
            answer = await self._client.call_api(request.method, url, headers, request.body, _request_timeout=request.limits)
            response: aiohttp.ClientResponse = answer.response
            refusal = await response.read() if response.status >= HTTPStatus.BAD_REQUEST else None
        except BROKEN as error:
            self._metrics.requests.labels("<error>", request.method).inc()
            raise _unreachable(request, error) from error
        self._metrics.requests.labels(str(response.status), request.method).inc()
        if refusal is not None:
            raise _error(response.status, response.reason or "", refusal)
        return response


def _unreachable(request: Request, error: Exception) -> ApiError:
    return ApiError(0, "Unreachable", f"{request}: {error or type(error).__name__}")


def _selectors(labels: str, fields: str) -> dict[str, str]:
    return {name: value for name, value in (("labelSelector", labels), ("fieldSelector", fields)) if value}


def _error(status: int, reason: str, body: bytes) -> ApiError:
    try:
        answer = json.loads(body)
        return ApiError(status, answer.get("reason") or reason, answer.get("message") or reason)
    except (ValueError, AttributeError):
        return ApiError(status, reason, body[:256].decode(errors="replace") or reason)


async def connect(kubeconfig: str, context: str, metrics: Metrics) -> ApiCluster:
    """The cluster of a kubeconfig, or of the pod's service account when none is named."""
    configuration = type.__call__(api.Configuration)
    if kubeconfig:
        await kube_config.load_kube_config(config_file=kubeconfig, context=context or None, client_configuration=configuration)
    else:
        kube_config.load_incluster_config(client_configuration=configuration)
    return ApiCluster(configuration, metrics)
