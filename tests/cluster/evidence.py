"""What is left of an agent's work: stored spans, reports of sidecars, restarts, and what was refused."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

import pytest

from demo.install import NAMESPACE, environment
from devcluster import bin_dir
from devcluster.errors import DevclusterError
from tests.cluster.access import Access

NUMBER = "first_agent.number"


def spans(access: Access, namespace: str, agent: str = "first-agent") -> list[dict[str, Any]]:
    """Stored spans of an agent, attributes as a dict; those of the resource are under `resource`."""
    lines = (json.loads(line) for line in access.traces(namespace, agent).splitlines())
    batches = [batch for line in lines for batch in line.get("resourceSpans", [])]
    return [
        {**span, "attributes": _attributes(span), "resource": _attributes(batch["resource"])}
        for batch in batches
        for scope in batch["scopeSpans"]
        for span in scope["spans"]
    ]


def _attributes(holder: dict[str, Any]) -> dict[str, Any]:
    return {entry["key"]: next(iter(entry["value"].values()), None) for entry in holder.get("attributes", [])}


def numbers(access: Access, namespace: str, agent: str = "first-agent") -> list[int]:
    """Numbers of the example agent's stored spans, in order."""
    attributes = (span["attributes"] for span in spans(access, namespace, agent))
    return sorted(int(entry[NUMBER]) for entry in attributes if NUMBER in entry)


def without_gap(found: list[int]) -> bool:
    """Whether each number is there, and once."""
    return bool(found) and found == list(range(found[0], found[-1] + 1))


def whole_after(number: int) -> Callable[[list[int]], bool]:
    """Whether numbers beyond this one are there and none is missing; a batch may come later than its successor."""
    return lambda found: found[-1:] > [number] and without_gap(found)


def observations(access: Access) -> dict[str, Any]:
    """What the relay tells the operator."""
    status, body = access.relay("/v1/observations", access.token(NAMESPACE, "agentops-operator"))
    assert status == 200, body
    found: dict[str, Any] = json.loads(body)
    return found


def reported(access: Access, namespace: str, agent: str = "first-agent") -> set[str]:
    """Digests of the rules that the agent's sidecars report."""
    entries = (e for e in observations(access)["agents"] if (e["namespace"], e["agent"]) == (namespace, agent))
    return {pod["rulesDigest"] for entry in entries for pod in entry["pods"]}


def pods(access: Access, namespace: str, *arguments: str) -> list[dict[str, Any]]:
    """Pods that are not going away."""
    found = access.get("pods", "-n", namespace, *arguments)["items"]
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def restarts(pod: dict[str, Any]) -> int:
    """Restarts of all containers of a pod."""
    status = pod["status"]
    return sum(one["restartCount"] for one in (*status["containerStatuses"], *status.get("initContainerStatuses", [])))


def annotation(pod: dict[str, Any], name: str) -> str:
    """An annotation of ours."""
    return str(pod["metadata"].get("annotations", {}).get(f"agentops.dev/{name}", ""))


def has_sidecar(pod: dict[str, Any]) -> bool:
    """Whether the sidecar stands first among the init containers."""
    return [one["name"] for one in pod["spec"].get("initContainers", [])][:1] == ["agentops-collector"]


def as_admitted(access: Access, namespace: str, obj: dict[str, Any]) -> dict[str, Any]:
    """A pod as admission would make it of this one now; nothing is created."""
    asked = ("create", "--dry-run=server", "-o", "json", "-n", namespace, "-f", "-")
    made: dict[str, Any] = json.loads(access.kubectl(*asked, stdin=json.dumps(obj)))
    return made


def refused(access: Access, *arguments: str, stdin: str | None = None) -> str:
    """Runs kubectl, which must fail; returns what it was told."""
    with pytest.raises(DevclusterError) as error:
        access.kubectl(*arguments, stdin=stdin)
    return str(error.value)


@contextmanager
def watching(access: Access, file: Path, *arguments: str) -> Iterator[None]:
    """Writes every state of an object to a file, as `kubectl get --watch` prints it, while the block runs."""
    command = [str(bin_dir() / "kubectl"), "get", *arguments, "--watch"]
    with file.open("w") as out, Popen(command, stdout=out, stderr=DEVNULL, env=environment(access.cluster)) as process:
        try:
            yield
        finally:
            process.terminate()
