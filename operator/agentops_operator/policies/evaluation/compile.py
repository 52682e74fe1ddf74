"""An EvalPolicy and one Agent become a CronJob; the caller stamps owner and labels."""

from dataclasses import dataclass
from typing import Any

from agentops_operator.kube.children import child_name
from agentops_operator.kube.digest import canonical
from agentops_operator.kube.names import LABEL_AGENT, LABEL_MANAGED_BY, LABEL_POLICY, LABEL_POLICY_NAMESPACE, MANAGED_BY, RELAY
from agentops_operator.kube.security import container_security, pod_security
from agentops_operator.policies.evaluation.contract import (
    AGENT_TOKEN,
    CONFIG_VARIABLE,
    DATASET_PATH,
    READER_AUDIENCE,
    READER_TOKEN,
    TOKEN_DIRECTORY,
    RunConfig,
)
from agentops_operator.policies.evaluation.types import ConfigMapKey, EvalPolicySpec

NAME_LIMIT = 52  # the CronJob controller appends 11 characters for each Job
STARTING_DEADLINE = 300  # seconds; a controller that was away longer leaves the run out
KEEP_FINISHED = 86400  # seconds in which an operator that was away can still read the verdict
TOKEN_SECONDS = 3600
POD_LABELS = {"app.kubernetes.io/name": "agentops-evals", LABEL_MANAGED_BY: MANAGED_BY}
"""No label of the Agent or of its workload: the pod would be taken for the agent, and its traces for the agent's."""


@dataclass(frozen=True)
class Evaluation:
    """One policy in one Agent of this installation."""

    policy_namespace: str
    policy_name: str
    spec: EvalPolicySpec
    namespace: str
    agent: str
    image: str
    operator_namespace: str


def cron_job_name(evaluation: Evaluation) -> str:
    """Name of the CronJob; the hash tells `a` with `b-c` from `a-b` with `c`."""
    known_by = f"{evaluation.agent}-{evaluation.policy_name}"
    return child_name(known_by, "eval", evaluation.agent, evaluation.policy_namespace, evaluation.policy_name, limit=NAME_LIMIT)


def policy_labels(evaluation: Evaluation) -> dict[str, str]:
    """Labels that lead from a Job back to Agent and policy."""
    return {
        LABEL_MANAGED_BY: MANAGED_BY,
        LABEL_AGENT: evaluation.agent,
        LABEL_POLICY: evaluation.policy_name,
        LABEL_POLICY_NAMESPACE: evaluation.policy_namespace,
    }


def compile_evaluation(evaluation: Evaluation) -> dict[str, Any]:
    """The CronJob, without namespace and owner."""
    spec = evaluation.spec
    labels = policy_labels(evaluation)
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": cron_job_name(evaluation), "labels": labels},
        "spec": {
            "schedule": spec.schedule,
            "timeZone": spec.time_zone,
            "suspend": False,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": STARTING_DEADLINE,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {
                "metadata": {"labels": labels},
                "spec": {
                    "backoffLimit": 0,  # a second try would hide that the first one failed
                    "activeDeadlineSeconds": spec.timeout_seconds,
                    "ttlSecondsAfterFinished": KEEP_FINISHED,
                    "template": {"metadata": {"labels": POD_LABELS}, "spec": _pod(evaluation)},
                },
            },
        },
    }


def run_config(evaluation: Evaluation) -> RunConfig:
    """Settings of the runner; it stops early enough to say what it has before its Job is ended."""
    timeout = evaluation.spec.timeout_seconds
    return RunConfig(
        policy=evaluation.policy_name,
        policy_namespace=evaluation.policy_namespace,
        agent=evaluation.agent,
        namespace=evaluation.namespace,
        relay=f"http://{RELAY}.{evaluation.operator_namespace}.svc",
        target=evaluation.spec.target,
        evaluators=evaluation.spec.evaluators,
        gate=evaluation.spec.gate,
        deadline_seconds=timeout - min(60, timeout // 4),
    )


def _pod(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "restartPolicy": "Never",
        "serviceAccountName": "default",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,  # a Service's variables could be expanded inside the settings
        "securityContext": pod_security(),
        "containers": [_container(evaluation)],
        "volumes": [_identity(evaluation), *_dataset_volume(evaluation.spec.dataset)],
    }


def _container(evaluation: Evaluation) -> dict[str, Any]:
    config = canonical(run_config(evaluation).dump())
    directory, _, _ = DATASET_PATH.rpartition("/")
    dataset = [{"name": "dataset", "mountPath": directory, "readOnly": True}] if evaluation.spec.dataset else []
    return {
        "name": "evals",
        "image": evaluation.image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["run"],
        # The kubelet turns $$ into $ and expands $(NAME); expressions are full of dollar signs.
        "env": [{"name": CONFIG_VARIABLE, "value": config.replace("$", "$$")}],
        "terminationMessagePolicy": "File",  # the other policy would take the log for a verdict
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": container_security(),
        "volumeMounts": [{"name": "identity", "mountPath": TOKEN_DIRECTORY, "readOnly": True}, *dataset],
    }


def _identity(evaluation: Evaluation) -> dict[str, Any]:
    """Two tokens, neither good for the API server: one reads traces, one speaks in the Agent's name."""
    audiences = ((READER_TOKEN, READER_AUDIENCE), (AGENT_TOKEN, f"agentops/{evaluation.namespace}/{evaluation.agent}"))
    sources = [
        {"serviceAccountToken": {"path": path, "audience": audience, "expirationSeconds": TOKEN_SECONDS}}
        for path, audience in audiences
    ]
    return {"name": "identity", "projected": {"sources": sources}}


def _dataset_volume(dataset: ConfigMapKey | None) -> list[dict[str, Any]]:
    """Optional, so that a missing set is told by the runner; otherwise the pod would wait for it until the Job ends."""
    if dataset is None:
        return []
    _, _, file = DATASET_PATH.rpartition("/")
    items = [{"key": dataset.key, "path": file}]
    return [{"name": "dataset", "configMap": {"name": dataset.config_map_name, "optional": True, "items": items}}]
