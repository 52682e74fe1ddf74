"""The API server as the command line sees it: it reads, and writes decisions on held runs.

With `kubeconfig` the only file here that knows the client library.
"""

import builtins
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes import client

from agentops_operator.api.kind import API_VERSION, GROUP
from agentops_operator.cli.exits import Unreachable, Usage
from agentops_operator.cli.kubeconfig import settings_of

TIMEOUT = (5.0, 30.0)  # connect, read: a person waits in front of it
PAGE = 500
RELAY_AUDIENCE = "agentops-relay"
REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


class DeniedError(Exception):
    """The user's rights do not reach this; what depends on it is told as unknown."""


class Cluster:
    """One API server."""

    def __init__(self, api: Any, namespace: str) -> None:
        self._api = api
        self.namespace = namespace

    def get(self, path: str) -> dict[str, Any] | None:
        """The object, or None when it does not exist.

        Raises:
            DeniedError: the user may not read it.
        """
        return self._call(path, {})

    def list(self, path: str, labels: str = "") -> builtins.list[dict[str, Any]]:
        """All objects of a collection, page by page; nothing when the kind is not served.

        Raises:
            DeniedError: the user may not list it.
        """
        items: builtins.list[dict[str, Any]] = []
        query = {"limit": str(PAGE)} | ({"labelSelector": labels} if labels else {})
        while True:
            page = self._call(path, query) or {}
            items += page.get("items") or []
            following = (page.get("metadata") or {}).get("continue")
            if not following:
                return items
            query["continue"] = following

    def readable(self, path: str) -> dict[str, Any] | None:
        """The object, {} when it does not exist, None when the user may not read it."""
        try:
            return self.get(path) or {}
        except DeniedError:
            return None

    def readable_list(self, path: str) -> builtins.list[dict[str, Any]] | None:
        """All objects of a collection, None when the user may not list it."""
        try:
            return self.list(path)
        except DeniedError:
            return None

    def patch(self, path: str, change: Mapping[str, Any]) -> None:
        """Changes fields of an object.

        Raises:
            Usage: the API server says that the change is wrong.
            Unreachable: it refuses it, or does not answer.
        """
        status, reason, data = self._send("PATCH", path, change, "application/merge-patch+json")
        if status < HTTPStatus.BAD_REQUEST:
            return
        told = _message(data) or reason
        raise Usage(told) if status == HTTPStatus.UNPROCESSABLE_ENTITY else Unreachable(told)

    def token(self, namespace: str, account: str) -> str:
        """A short-lived token of a service account, for the relay's API alone.

        Raises:
            Unreachable: the user may not ask for one.
        """
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        wanted = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": [RELAY_AUDIENCE]}}
        status, reason, data = self._send("POST", path, wanted, "application/json")
        if status >= HTTPStatus.BAD_REQUEST:
            raise Unreachable(f"no token for the relay: {_message(data) or reason}")
        return str(json.loads(data)["status"]["token"])

    def whoami(self) -> str:
        """The name under which the API server knows the user."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        status, reason, data = self._send("POST", REVIEW, review, "application/json")
        if status >= HTTPStatus.BAD_REQUEST:
            _check(REVIEW, status, reason, data)
        return str(((json.loads(data).get("status") or {}).get("userInfo") or {}).get("username", ""))

    def _call(self, path: str, query: dict[str, str]) -> dict[str, Any] | None:
        status, reason, data = self._send("GET", path + (f"?{urlencode(query)}" if query else ""))
        if status >= HTTPStatus.BAD_REQUEST:
            _check(path, status, reason, data)
            return None
        result: dict[str, Any] = json.loads(data)
        return result

    def _send(self, verb: str, url: str, change: Any = None, content: str = "") -> tuple[int, str, bytes]:
        """Status, reason and body of an answer."""
        wanted = {"Accept": "application/json"} | ({"Content-Type": content} if content else {})
        method, full, headers, body, form = self._api.param_serialize(
            verb, url, header_params=wanted, body=change, auth_settings=["BearerToken"]
        )
        try:
            answer = self._api.call_api(method, full, headers, body, form, _request_timeout=TIMEOUT)
            return int(answer.status), str(answer.reason), answer.read()
        except client.ApiException as error:
            return int(error.status or 0), str(error.reason), (error.body or "").encode()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(f"the API server {self._api.configuration.host} does not answer: {_cause(error)}") from error


def _message(data: bytes) -> str:
    """What the API server says in words."""
    try:
        return str(json.loads(data).get("message", ""))
    except (ValueError, AttributeError):
        return ""


def _cause(error: BaseException) -> str:
    """The first cause in the system's words, such as `Connection refused`; the library's own name every class on the way."""
    for inner in (getattr(error, "reason", None), error.__cause__):
        if isinstance(inner, BaseException):
            return _cause(inner)
    return str(getattr(error, "verify_message", None) or getattr(error, "strerror", None) or error)


def _check(path: str, status: int, reason: str, data: bytes) -> None:
    match status:
        case HTTPStatus.NOT_FOUND:
            # An object that is missing is told in words; without any, the server knows no such kind.
            if path.startswith(f"/apis/{GROUP}/") and not _message(data):
                raise Unreachable(f"this cluster serves no such kind of {API_VERSION}: install AgentOps, or upgrade it")
        case HTTPStatus.FORBIDDEN:
            raise DeniedError(f"your rights do not allow to read {path}")
        case HTTPStatus.UNAUTHORIZED:
            raise Unreachable("the API server does not know you: log in anew")
        case _:
            raise Unreachable(f"{path}: {status} {reason}")


def connect(kubeconfig: str | None, context: str | None, namespace: str | None) -> Cluster:
    """The cluster that kubectl would use with these flags, or that of the pod's service account when there is no kubeconfig.

    Raises:
        Unreachable: there is neither, or the context does not exist.
    """
    settings, found = settings_of(kubeconfig, context)
    return Cluster(client.ApiClient(settings), namespace or found)
