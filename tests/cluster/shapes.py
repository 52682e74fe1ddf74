"""Objects that tests make; their pods pass the `restricted` Pod Security level and end at once."""

from typing import Any

from agentops_operator.api.kind import API_VERSION

IMAGE = "agentops/operator:0.1.0"  # any image with Python
SLEEP = ("sleep", "infinity")
# Sends a span twice a second, ten seconds long, and ends.
BURST = (
    "python3",
    "-uc",
    "import sys, time; sys.path.insert(0, '/app'); import agent\nfor n in range(20): agent.send(n); time.sleep(0.5)",
)
Object = dict[str, Any]


def agent(name: str, kind: str = "Pod", **spec: Any) -> Object:
    """An Agent that points at the workload of its name, unless its spec says otherwise."""
    target = {} if "podSelector" in spec else {"targetRef": {"kind": kind, "name": name}}
    return custom("Agent", name, **{**target, **spec})


def custom(kind: str, name: str, **spec: Any) -> Object:
    """A resource of ours."""
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


def config_map(name: str, **data: str) -> Object:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def container(name: str = "main", command: tuple[str, ...] = SLEEP, **more: Any) -> Object:
    """A container that may do nothing but run; the example agent's program, if there is one, lies in /app."""
    return {
        "name": name,
        "image": IMAGE,
        "command": list(command),
        "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}, "limits": {"cpu": "500m", "memory": "64Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "app", "mountPath": "/app", "readOnly": True}],
        **more,
    }


def pod_spec(*containers: Object, **more: Any) -> Object:
    """A pod's spec."""
    return {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": list(containers) or [container()],
        "volumes": [{"name": "app", "configMap": {"name": "first-agent", "optional": True}}],
        **more,
    }


def pod(name: str, *containers: Object, labels: dict[str, str] | None = None, **more: Any) -> Object:
    """A pod without owner."""
    metadata = {"name": name, "labels": labels or {}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(*containers, **more)}


def workload(kind: str, name: str, *containers: Object, **more: Any) -> Object:
    """A Deployment, StatefulSet or DaemonSet with one pod."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod_spec(*containers, **more)}
    spec: Object = {"selector": {"matchLabels": labels}, "template": template}
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def job_spec(*containers: Object) -> Object:
    """What a Job runs once."""
    return {
        "template": {"spec": pod_spec(*containers, restartPolicy="Never", terminationGracePeriodSeconds=10)},
        "backoffLimit": 0,
    }


def job(name: str, *containers: Object) -> Object:
    """A Job."""
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": job_spec(*containers)}


def cron_job(name: str, *containers: Object) -> Object:
    """A CronJob that runs every minute."""
    spec = {"schedule": "* * * * *", "jobTemplate": {"spec": job_spec(*containers)}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": spec}
