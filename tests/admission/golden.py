"""Golden cases of injection: `cases/<sentence>/{pod.yaml, index.yaml, want.yaml}`, and what is equal about two pods.

The files say nothing of the way of injection, so that the policy in the API server and the same decision behind a webhook
can be held to them:

- `pod.yaml`: the pod as its owner sends it.
- `index.yaml`: `agents:` of the InjectionIndex; absent when the namespace has none.
- `namespace.yaml`: labels of the namespace; absent when it has none.
- `want.yaml`: the pod that must come out, or `unchanged: true`, or `refused: <part of the message>`.

To keep the cases short, `want.yaml` writes `{sidecar: AGENT, gateway: Refuse}` for the init container and
`{volumeOf: AGENT, rules: NAME, hashKeySecret: NAME}` for the volume. The former says too that the pod has the Agent's label.
One case writes all of it in full.
"""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agentops_operator.agent.sidecar import SidecarTemplate
from tests.admission.apiserver import Api

CASES = Path(__file__).parent / "cases"
NAMESPACE = "shop"  # the namespace that want.yaml speaks of
TOKEN_VOLUME = "kube-api-access"

Object = dict[str, Any]

PROBES = "adm-probe"  # a namespace
PROBE: Object = {"metadata": {"name": "probe", "labels": {"app": "probe"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
BYPASS = [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://elsewhere:4318"}]

# What the chart of these tests tells the webhook, and writes into the policy.
TEMPLATE = SidecarTemplate(
    image="agentops/collector:0.1.0",
    repository="agentops/collector",
    version="0.1.0",
    relay="http://agentops-relay.agentops-system.svc:4318",
    relay_api="http://agentops-relay.agentops-system.svc:4320",
    gateway="http://agentops-gateway.agentops-system.svc:4000",
    resources={"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "192Mi"}},
)


@dataclass(frozen=True)
class Case:
    """One folder."""

    name: str
    pod: Object
    agents: Object | None
    labels: dict[str, str]
    want: Object

    @property
    def namespace(self) -> str:
        """A namespace for this case alone, short enough for a label."""
        return f"adm-{self.name}"[:63].rstrip("-")


def cases() -> list[Case]:
    """All cases, by name."""
    return [load(folder) for folder in sorted(CASES.iterdir()) if folder.is_dir()]


def load(folder: Path) -> Case:
    """One case; only `pod.yaml` must exist, so that a new case can be recorded."""

    def read(name: str) -> Any:
        file = folder / name
        return yaml.safe_load(file.read_text()) if file.exists() else None

    index = read("index.yaml")
    return Case(
        name=folder.name,
        pod=read("pod.yaml"),
        agents=index["agents"] if index else None,
        labels=read("namespace.yaml") or {},
        want=read("want.yaml") or {},
    )


def write_all(api: Api, chosen: list[Case]) -> None:
    """Namespaces and indexes of these cases at once, in force for what injects and for what refuses: they watch apart."""
    for case in chosen:
        api.namespace(case.namespace, case.labels)
        if case.agents is not None:
            api.index(case.namespace, case.agents)
    # Written last, so when this one is seen, so are the others.
    api.index(api.namespace(PROBES), {"app=probe": [{"agent": "probe", "rules": "probe", "onBypass": "Deny"}]})
    api.wait_until_injecting(PROBES, PROBE)
    api.wait_until_refusing(PROBES, {**PROBE, "spec": {"containers": [{"name": "a", "image": "a", "env": BYPASS}]}})


def expand(want: Object, namespace: str = NAMESPACE) -> Object:
    """The pod of a want.yaml, with the short forms written out."""
    pod = copy.deepcopy(want)
    spec = pod["spec"]
    for entry in spec.get("initContainers", []):
        if "sidecar" in entry:
            pod["metadata"]["labels"] = {**pod["metadata"].get("labels", {}), "agentops.dev/agent": entry["sidecar"]}
    for key, short, full in (("initContainers", "sidecar", sidecar), ("volumes", "volumeOf", volume)):
        if key in spec:
            spec[key] = [full(entry, namespace) if short in entry else entry for entry in spec[key]]
    for source in (source for entry in spec.get("volumes", []) for source in entry.get("projected", {}).get("sources", [])):
        if token := source.get("serviceAccountToken"):
            token["audience"] = token["audience"].replace(f"agentops/{NAMESPACE}/", f"agentops/{namespace}/")
    return pod


def sidecar(short: Object, _namespace: str = NAMESPACE) -> Object:
    """The init container of docs/contracts.md section 4; more keys in the short form replace those of the container.

    `gateway` says what its forwarder does while the gateway is away; without it there is no forwarder.
    """
    fields = {
        "AGENTOPS_NAMESPACE": "metadata.namespace",
        "AGENTOPS_POD_NAME": "metadata.name",
        "AGENTOPS_POD_UID": "metadata.uid",
    }
    container: Object = {
        "name": "agentops-collector",
        "image": "agentops/collector:0.1.0",
        "imagePullPolicy": "IfNotPresent",
        "restartPolicy": "Always",
        "env": [
            {"name": "AGENTOPS_AGENT", "value": short["sidecar"]},
            *({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in fields.items()),
            {"name": "AGENTOPS_RELAY", "value": "http://agentops-relay.agentops-system.svc:4318"},
            {"name": "AGENTOPS_RELAY_API", "value": "http://agentops-relay.agentops-system.svc:4320"},
            *(forwarder(short["gateway"]) if "gateway" in short else ()),
        ],
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "192Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [
            {"name": "agentops", "mountPath": "/var/run/agentops", "readOnly": True},
            {"name": "agentops", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": True},
        ],
    }
    return {**container, **{key: value for key, value in short.items() if key not in ("sidecar", "gateway")}}


def forwarder(when_down: str) -> list[Object]:
    """The variables of a sidecar that forwards model calls."""
    return [
        {"name": "AGENTOPS_GATEWAY", "value": "http://agentops-gateway.agentops-system.svc:4000"},
        {"name": "AGENTOPS_LISTEN_FORWARDER", "value": "127.0.0.1:4319"},
        {"name": "AGENTOPS_ON_GATEWAY_DOWN", "value": when_down},
    ]


def volume(short: Object, namespace: str = NAMESPACE) -> Object:
    """The volume of docs/contracts.md section 4."""
    token = {"path": "token", "audience": f"agentops/{namespace}/{short['volumeOf']}", "expirationSeconds": 3600}
    rules = {"name": short["rules"], "optional": True, "items": [{"key": "rules.v1.json", "path": "rules/rules.v1.json"}]}
    sources: list[Object] = [{"serviceAccountToken": token}, {"configMap": rules}]
    if short.get("hashKeySecret"):
        key = {"name": short["hashKeySecret"], "optional": True, "items": [{"key": "current", "path": "mask-key/current"}]}
        sources.append({"secret": key})
    return {"name": "agentops", "projected": {"sources": sources}}


def comparable(answer: Object) -> Object:
    """A pod as the API server returns it, without what differs between two creations of the same pod."""
    pod = copy.deepcopy(answer)
    meta, spec = pod["metadata"], pod["spec"]
    for key in ("uid", "creationTimestamp", "managedFields", "namespace"):
        meta.pop(key, None)
    if "generateName" in meta:
        meta.pop("name", None)
    # An empty map and no map mean the same; the patch makes one before it adds to it.
    if not meta.get("annotations"):
        meta.pop("annotations", None)
    spec["volumes"] = sorted(map(_named, spec.get("volumes", [])), key=lambda entry: str(entry["name"]))
    for container in (*spec["containers"], *spec.get("initContainers", [])):
        container["volumeMounts"] = [_named(mount) for mount in container.get("volumeMounts", [])]
        container["env"] = container.get("env", [])
    spec["initContainers"] = spec.get("initContainers", [])
    pod.pop("status", None)
    return pod


def _named(entry: Object) -> Object:
    """The volume with the API token has a random end of name."""
    return {**entry, "name": TOKEN_VOLUME} if entry["name"].startswith(TOKEN_VOLUME) else entry


def assert_comes_out_as_wanted(api: Api, case: Case, plain_namespace: str) -> None:
    """The pod that the API server would store equals the wanted one, defaults included.

    The wanted pod takes the way of a pod that nothing of ours looks at, so that both carry the server's defaults.
    """
    status, got = api.create_pod(case.namespace, case.pod)
    if "refused" in case.want:
        assert status in (403, 422), got
        assert case.want["refused"] in got["message"]
        return
    assert status == 201, got.get("message")
    want = case.pod if case.want.get("unchanged") else expand(case.want, case.namespace)
    status, plain = api.create_pod(plain_namespace, want)
    assert status == 201, f"want.yaml is no valid pod: {plain.get('message')}"
    assert comparable(plain) == comparable(got)


def assert_second_pass_changes_nothing(api: Api, case: Case) -> None:
    """A pod made from the manifest of an injected one comes out the same."""
    _, first = api.create_pod(case.namespace, case.pod)
    again = copy.deepcopy(first)
    for key in ("uid", "creationTimestamp"):
        again["metadata"].pop(key, None)
    status, second = api.create_pod(case.namespace, again)
    assert status == 201, second.get("message")
    assert comparable(first) == comparable(second)
