"""Random pods: valid ones in odd shapes, and some that are not valid."""

from typing import Any

from hypothesis import strategies as st

Object = dict[str, Any]
INDEX: Object = {
    "app=plain": [{"agent": "plain", "rules": "plain-rules"}],
    "app=named": [{"agent": "named", "rules": "named-rules", "containers": ["c0", "c2"], "capture": "true"}],
    "app=hashed": [{"agent": "hashed", "rules": "hashed-rules", "hashKeySecret": "agentops-hash", "optOut": "Allowed"}],
    "app=chosen": [
        {"agent": "first", "rules": "r", "matchExpressions": [{"key": "env", "operator": "In", "values": ["prod", "test"]}]},
        {"agent": "second", "rules": "r", "matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["prod"]}]},
        {"agent": "third", "rules": "r", "matchLabels": [{"key": "tier", "value": "a"}]},
    ],
    "app=governed": [{"agent": "governed", "rules": "r", "gateway": "Refuse"}],
    "app=partly": [{"agent": "partly", "rules": "r", "gateway": "Direct", "containers": ["c0", "c1"], "optOut": "Allowed"}],
    "Deployment/web": [{"agent": "web", "rules": "r"}],
    "StatefulSet/web": [{"agent": "db", "rules": "r", "serviceAccountName": "default"}],
    "CronJob/web": [{"agent": "nightly", "rules": "r"}],
    "Job/web-123": [{"agent": "job", "rules": "r"}],
    "Pod/pod": [{"agent": "bare", "rules": "r"}],
}
NAMES = ("plain", "named", "hashed", "chosen", "governed", "partly")

VARIABLES = (
    "A",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_SERVICE_NAME",
    "OTEL_SEMCONV_STABILITY_OPT_IN",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
    "OPENAI_BASE_URL",
    "OPENAI_API_BASE",
    "AZURE_OPENAI_ENDPOINT",
    "ANTHROPIC_BASE_URL",
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
)
VALUES = (
    "",
    "grpc",
    "http://127.0.0.1:4318",
    "http://localhost:4319/v1",
    "http://else:4318",
    "$(A)",
    'quote " and \\ and \n',
    "ünïcode ☃",
    "x" * 3000,
)


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


_rarely = st.integers(0, 60).map(lambda number: number == 60)


def _object(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Object]:
    """An object whose fields may each be absent, which is not the same as empty."""
    return st.fixed_dictionaries({name: _maybe(field) for name, field in fields.items()}).map(
        lambda found: {name: value for name, value in found.items() if value is not None}
    )


SOURCES: tuple[Object, ...] = (
    {"fieldRef": {"fieldPath": "metadata.name"}},
    {"secretKeyRef": {"name": "s", "key": "k", "optional": True}},
    {"configMapKeyRef": {"name": "c", "key": "k"}},
    {"resourceFieldRef": {"resource": "limits.cpu", "containerName": "c0"}},
)
ENV = st.one_of(
    st.fixed_dictionaries({"name": st.sampled_from(VARIABLES), "value": st.sampled_from(VALUES)}),
    st.fixed_dictionaries({"name": st.sampled_from(VARIABLES), "valueFrom": st.sampled_from(SOURCES)}),
    st.fixed_dictionaries({"name": st.sampled_from(VARIABLES)}),
)
PROBE = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 5}
SECURITY = _object(
    runAsUser=st.sampled_from([0, 1000]),
    readOnlyRootFilesystem=st.booleans(),
    capabilities=st.sampled_from([{"drop": ["ALL"]}, {"add": ["NET_ADMIN"], "drop": []}]),
    privileged=st.booleans(),
)
BODY: dict[str, st.SearchStrategy[Any]] = {
    "env": st.lists(ENV, max_size=6),
    "envFrom": st.lists(
        st.sampled_from([{"configMapRef": {"name": "c"}}, {"prefix": "P_", "secretRef": {"name": "s"}}]), max_size=2
    ),
    "command": st.lists(st.sampled_from(["sh", "-c", "echo $(A) \"x\" '\\'"]), max_size=3),
    "args": st.lists(st.sampled_from(["--a", "☃", ""]), max_size=3),
    "ports": st.lists(
        st.sampled_from(
            [{"containerPort": 8080}, {"containerPort": 4319}, {"containerPort": 9999}, {"containerPort": 53, "protocol": "UDP"}]
        ),
        max_size=2,
    ),
    "resources": _object(
        requests=st.sampled_from([{"cpu": "1m"}, {"memory": "1Mi", "ephemeral-storage": "1Mi"}]),
        limits=st.sampled_from([{"cpu": "1"}, {"memory": "1Gi", "example.com/gpu": "1"}]),
    ),
    "volumeMounts": st.sampled_from(
        [[], [{"name": "data", "mountPath": "/data"}], [{"name": "data", "mountPath": "/d", "readOnly": True}]]
    ),
    "securityContext": SECURITY,
    "workingDir": st.just("/w"),
    "tty": st.booleans(),
}


@st.composite
def containers(draw: st.DrawFn, prefix: str, least: int, most: int, *, init: bool = False) -> list[Object]:
    """Containers with distinct names; now and then one of ours."""
    found = []
    for number in range(draw(st.integers(least, most))):
        fields = dict(BODY)
        if init:
            fields["restartPolicy"] = st.just("Always")
        else:
            fields |= {"livenessProbe": st.just(PROBE), "lifecycle": st.just({"preStop": {"exec": {"command": ["true"]}}})}
        own = draw(_rarely)
        found.append({"name": "agentops-collector" if own else f"{prefix}{number}", "image": "a:1", **draw(_object(**fields))})
    return found


VOLUMES = st.lists(
    st.sampled_from(
        [
            {"name": "conf", "configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}},
            {
                "name": "proj",
                "projected": {
                    "sources": [{"downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}}]
                },
            },
            {
                "name": "eph",
                "ephemeral": {
                    "volumeClaimTemplate": {
                        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
                    }
                },
            },
        ]
    ),
    max_size=3,
    unique_by=lambda volume: str(volume["name"]),
)
SPEC: dict[str, st.SearchStrategy[Any]] = {
    "volumes": VOLUMES,
    "hostNetwork": _rarely,
    "hostPID": st.booleans(),
    "restartPolicy": st.sampled_from(["Always", "Never", "OnFailure"]),
    "automountServiceAccountToken": st.booleans(),
    "serviceAccountName": st.just("default"),
    "nodeSelector": st.sampled_from([{}, {"kubernetes.io/os": "linux"}, {"disk": "ssd"}]),
    "os": _rarely.map(lambda windows: {"name": "windows" if windows else "linux"}),
    "securityContext": _object(runAsUser=st.just(7), fsGroup=st.just(8), supplementalGroups=st.just([1, 2]), sysctls=st.just([])),
    "resources": st.sampled_from(
        [{"requests": {"cpu": "10"}}, {"requests": {"cpu": "8", "memory": "9Gi"}, "limits": {"memory": "9Gi", "cpu": "40"}}]
    ),
    "tolerations": st.just([{"operator": "Exists"}]),
    "affinity": st.just({"nodeAffinity": {}}),
    "topologySpreadConstraints": st.just([{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}]),
    "schedulingGates": st.just([{"name": "example.com/gate"}]),
    "hostAliases": st.just([{"ip": "10.0.0.1", "hostnames": ["a"]}]),
    "dnsConfig": st.just({"options": [{"name": "ndots", "value": "2"}]}),
    "readinessGates": st.just([{"conditionType": "example.com/x"}]),
    "imagePullSecrets": st.just([{"name": "p"}]),
    "shareProcessNamespace": st.just(True),
    "enableServiceLinks": st.booleans(),
    "terminationGracePeriodSeconds": st.sampled_from([0, 600]),
    "activeDeadlineSeconds": st.just(60),
}
LABELS = st.dictionaries(
    st.sampled_from(["app", "env", "tier", "pod-template-hash", "agentops.dev/inject", "example.com/long-key", "x"]),
    st.sampled_from([*NAMES, "prod", "a", "false", "abc12", ""]),
    max_size=7,
)
ANNOTATIONS = st.dictionaries(
    st.sampled_from(
        [
            "agentops.dev/agent",
            "agentops.dev/skipped",
            "agentops.dev/bypass",
            "agentops.dev/bypass-models",
            "agentops.dev/gateway",
            "example.com/a.b",
            "x",
        ]
    ),
    st.sampled_from(VALUES),
    max_size=4,
)


def owner(kind: str, name: str, *, controller: bool = True, group: str = "apps/v1") -> Object:
    """An owner reference."""
    return {
        "apiVersion": group,
        "kind": kind,
        "name": name,
        "uid": "11111111-2222-3333-4444-555555555555",
        "controller": controller,
    }


OWNERS = st.sampled_from(
    [
        [],
        [owner("ReplicaSet", "web-abc12")],
        [owner("StatefulSet", "web")],
        [owner("StatefulSet", "web", controller=False)],
        [owner("Job", "web-123", group="batch/v1")],
        [owner("Job", "-1", group="batch/v1")],
        [owner("Workflow", "web", group="example.com/v1"), owner("DaemonSet", "web", controller=False)],
    ]
)


@st.composite
def pods(draw: st.DrawFn) -> Object:
    """A pod as some user or controller may send it."""
    labels = draw(_maybe(LABELS))
    if labels is not None and draw(st.integers(0, 3)):
        labels["app"] = draw(st.sampled_from(NAMES))
    meta = {
        **draw(st.sampled_from([{"name": "pod"}, {"name": "other"}, {"generateName": "web-abc12-"}])),
        **({} if labels is None else {"labels": labels}),
        **draw(_object(annotations=ANNOTATIONS, ownerReferences=OWNERS, finalizers=st.just(["example.com/f"]))),
    }
    spec = draw(_object(**{name: field for name, field in SPEC.items() if draw(st.integers(0, 2)) == 0 or name == "volumes"}))
    spec["containers"] = draw(containers("c", 1, 5))
    spec.update(draw(_object(initContainers=containers("i", 0, 3, init=True))))
    mounted = any(container.get("volumeMounts") for container in (*spec["containers"], *spec.get("initContainers", [])))
    volumes = [volume for volume in spec.get("volumes", []) if volume["name"] != "data"]
    if mounted:  # nearly always valid, or the interesting part of admission would never run
        volumes.append({"name": "data", "emptyDir": {}})
    if draw(_rarely):
        volumes.append({"name": "agentops", "emptyDir": {}})
    if volumes or "volumes" in spec:
        spec["volumes"] = volumes
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
