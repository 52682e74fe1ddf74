"""The API server as the command line sees it: it only reads. The only file here that knows the client library."""

import builtins
import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes import client, config

from agentops_operator.cli.exits import Unreachable

TIMEOUT = (5.0, 30.0)  # connect, read: a person waits in front of it
PAGE = 500


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

    def _call(self, path: str, query: dict[str, str]) -> dict[str, Any] | None:
        url = path + (f"?{urlencode(query)}" if query else "")
        method, full, headers, body, form = self._api.param_serialize(
            "GET", url, header_params={"Accept": "application/json"}, auth_settings=["BearerToken"]
        )
        try:
            answer = self._api.call_api(method, full, headers, body, form, _request_timeout=TIMEOUT)
            data = answer.read()
        except client.ApiException as error:
            _check(path, error.status or 0, str(error.reason))
            return None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(f"the API server does not answer: {error}") from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            _check(path, answer.status, str(answer.reason))
            return None
        result: dict[str, Any] = json.loads(data)
        return result


def _check(path: str, status: int, reason: str) -> None:
    match status:
        case HTTPStatus.NOT_FOUND:
            return
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
    settings = type.__call__(client.Configuration)
    # The library retries three times with long waits; a person would rather be told at once.
    settings.retries = urllib3.Retry(0)
    try:
        config.load_kube_config(config_file=kubeconfig, context=context, client_configuration=settings)
        found = namespace or _namespace_of(kubeconfig, context)
    except (config.ConfigException, OSError) as error:
        if kubeconfig or context:
            raise Unreachable(f"kubeconfig: {error}") from error
        found = _in_cluster(settings, namespace, error)
    return Cluster(client.ApiClient(settings), found)


def _namespace_of(kubeconfig: str | None, context: str | None) -> str:
    contexts, current = config.list_kube_config_contexts(config_file=kubeconfig)
    chosen = next((item for item in contexts if item["name"] == context), current)
    return str(chosen["context"].get("namespace") or "default")


def _in_cluster(settings: Any, namespace: str | None, error: Exception) -> str:
    try:
        config.load_incluster_config(client_configuration=settings)
    except config.ConfigException:
        raise Unreachable(f"no cluster: {error}. Set KUBECONFIG, or give --kubeconfig.") from error
    return namespace or "default"
