"""What the operator's account may run: creating Jobs must not be a way to read Secrets or to run something else."""

import copy
from typing import Any

import pytest

from agentops_operator.agent.facts import GatewaySettings, Settings, StoreSettings
from agentops_operator.agent.gateway.objects import compile_gateway
from agentops_operator.agent.gateway.row import FragmentUse
from agentops_operator.agent.gateway.tenant import compile_tenant
from agentops_operator.kube.children import stamp
from agentops_operator.policies.evaluation.compile import compile_evaluation
from agentops_operator.policies.fallback.compile import fragment
from agentops_operator.policies.fallback.types import (
    Alias,
    AliasTarget,
    Credential,
    CredentialKey,
    Provider,
    ProviderFallbackSpec,
    Role,
    Target,
)
from tests.admission.apiserver import HOME, OPERATOR, Api
from tests.policies.evaluation.builders import evaluation

NAMESPACE = "adm-own"
PATHS = {
    "/api/v1/namespaces/{}/serviceaccounts": "ServiceAccount",
    "/api/v1/namespaces/{}/configmaps": "ConfigMap",
    "/api/v1/namespaces/{}/services": "Service",
    "/apis/apps/v1/namespaces/{}/deployments": "Deployment",
    "/apis/policy/v1/namespaces/{}/poddisruptionbudgets": "PodDisruptionBudget",
    "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies": "NetworkPolicy",
}
Object = dict[str, Any]
POD: Object = {
    "serviceAccountName": "agentops-tenant-gateway",
    "restartPolicy": "Never",
    "containers": [
        {
            "name": "a",
            "image": "agentops/evals:0.1.0",
            "env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "agentops-key", "key": "k"}}}],
            "envFrom": [{"secretRef": {"name": "agentops-key"}}, {"configMapRef": {"name": "any"}}],
        }
    ],
    "volumes": [
        {"name": "a", "secret": {"secretName": "agentops-key"}},
        {
            "name": "b",
            "projected": {
                "sources": [{"secret": {"name": "agentops-key"}}, {"serviceAccountToken": {"path": "t", "audience": "a"}}]
            },
        },
        {"name": "c", "configMap": {"name": "any"}},
        {"name": "d", "emptyDir": {}},
        {"name": "e", "persistentVolumeClaim": {"claimName": "c"}},
    ],
    "imagePullSecrets": [{"name": "agentops-registry"}],
}


def pod(**changes: Any) -> Object:
    """The allowed pod with some fields replaced."""
    return {**copy.deepcopy(POD), **changes}


def container(**changes: Any) -> list[Object]:
    """Its container with some fields replaced."""
    return [{**copy.deepcopy(POD["containers"][0]), **changes}]


def token_volume(audience: str) -> Object:
    """A volume with a token for an audience; empty means the API server."""
    source = {"path": "t", **({"audience": audience} if audience else {})}
    return {"name": "t", "projected": {"sources": [{"serviceAccountToken": source}]}}


REFUSED = {
    "foreign image": (pod(containers=container(image="example.com/tool:1")), "its own images"),
    "image whose name only begins like ours": (pod(containers=container(image="agentops/evals-evil:1")), "its own images"),
    "foreign init container": (pod(initContainers=[{"name": "i", "image": "busybox"}]), "its own images"),
    "foreign service account": (pod(serviceAccountName="admin"), "service accounts named agentops-*"),
    "account of ours that belongs elsewhere": (pod(serviceAccountName="agentops-operator"), "outside its own namespace"),
    "default service account": (
        {key: value for key, value in POD.items() if key != "serviceAccountName"},
        "service accounts named",
    ),
    "default service account with its token mounted": (pod(serviceAccountName="default"), "service accounts named"),
    "default service account with a token for the API server": (
        pod(serviceAccountName="default", automountServiceAccountToken=False, volumes=[token_volume("")]),
        "service accounts named",
    ),
    "default service account with a token for somebody else": (
        pod(serviceAccountName="default", automountServiceAccountToken=False, volumes=[token_volume("vault")]),
        "service accounts named",
    ),
    "secret volume": (pod(volumes=[{"name": "a", "secret": {"secretName": "db-password"}}]), "Secrets named agentops-*"),
    "projected secret": (
        pod(volumes=[{"name": "a", "projected": {"sources": [{"secret": {"name": "db"}}]}}]),
        "Secrets named agentops-*",
    ),
    "secret in env": (
        pod(containers=container(env=[{"name": "K", "valueFrom": {"secretKeyRef": {"name": "db", "key": "k"}}}])),
        "Secrets named agentops-*",
    ),
    "secret as env": (pod(containers=container(envFrom=[{"secretRef": {"name": "db"}}])), "Secrets named agentops-*"),
    "pull secret": (pod(imagePullSecrets=[{"name": "registry"}]), "Secrets named agentops-*"),
    "host path": (pod(volumes=[{"name": "a", "hostPath": {"path": "/"}}]), "volumes of the types"),
    "csi volume with a secret": (
        pod(volumes=[{"name": "a", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "db"}}}]),
        "volumes of the types",
    ),
    "host network": (pod(hostNetwork=True), "node's namespaces"),
    "privileged": (pod(containers=container(securityContext={"privileged": True})), "node's namespaces"),
}


def wrapped(kind: str, spec: Object, name: str = "x") -> tuple[str, Object]:
    """Path and object that make the API server or a controller create this pod."""
    template = {"metadata": {"labels": {"app": "x"}}, "spec": spec}
    apps = {"selector": {"matchLabels": {"app": "x"}}, "template": {**template, "spec": {**spec, "restartPolicy": "Always"}}}
    job = {"template": template}
    bodies: dict[str, tuple[str, str, Object]] = {
        "Pod": ("/api/v1", "pods", spec),
        "Job": ("/apis/batch/v1", "jobs", job),
        "CronJob": ("/apis/batch/v1", "cronjobs", {"schedule": "0 3 * * *", "jobTemplate": {"spec": job}}),
        "StatefulSet": ("/apis/apps/v1", "statefulsets", {**apps, "serviceName": "x"}),
        "Deployment": ("/apis/apps/v1", "deployments", apps),
    }
    root, plural, body = bodies[kind]
    version = root.removeprefix("/apis/").removeprefix("/api/")
    meta = {"name": name, "namespace": NAMESPACE, "labels": {"app": "x"}}
    return f"{root}/namespaces/{NAMESPACE}/{plural}", {"apiVersion": version, "kind": kind, "metadata": meta, "spec": body}


@pytest.fixture(scope="module")
def ready(api: Api) -> Api:
    """A namespace with the service accounts that the pods name."""
    api.namespace(NAMESPACE)
    for name in ("agentops-tenant-gateway", "agentops-operator", "admin"):
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}}
        api.apply(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", account)
    return api


@pytest.mark.parametrize("kind", ["Pod", "Job", "CronJob", "StatefulSet", "Deployment"])
def test_own_workload_is_accepted(ready: Api, kind: str) -> None:
    """Our image, our service account, our Secrets."""
    path, body = wrapped(kind, pod())
    status, answer = ready.call("POST", f"{path}?dryRun=All", body, user=OPERATOR)
    assert status == 201, answer.get("message")


def test_evaluation_is_accepted(ready: Api) -> None:
    """The CronJob that the operator makes of an EvalPolicy passes its own guard, in a namespace without any account of ours."""
    body = stamp(compile_evaluation(evaluation(namespace=NAMESPACE)), NAMESPACE, None)
    path = f"/apis/batch/v1/namespaces/{NAMESPACE}/cronjobs"
    status, answer = ready.call("POST", f"{path}?dryRun=All", body, user=OPERATOR)
    assert status == 201, answer.get("message")


def test_gateway_is_accepted_but_for_its_image_where_there_is_none(ready: Api) -> None:
    """Secrets, account and volumes of the gateway's Deployment pass; its image is allowed by the chart's gateway.enabled only."""
    target = {"credential": {"secret": "agentops-llm", "keys": {"apiKey": "k"}}}
    path = f"/apis/apps/v1/namespaces/{HOME}/deployments"
    for image, want in (("agentops/evals:0.1.0", 201), ("agentops/gateway:0.1.0", 403)):
        gateway = GatewaySettings(enabled=True, image=image, store=StoreSettings("rediss://redis:6380", secret="agentops-redis"))
        settings = Settings(operator_namespace=HOME, gateway=gateway)
        _, deployment = compile_gateway({"targets": {"a": target}}, settings)
        status, answer = ready.call("POST", f"{path}?dryRun=All", deployment, user=OPERATOR)
        assert status == want, answer.get("message")


def test_gateway_of_a_tenant_is_accepted_in_its_namespace(ready: Api) -> None:
    """All that the operator applies beside a tenant's Secrets; another Secret in it would not pass."""
    settings = Settings(operator_namespace=HOME, gateway=GatewaySettings(enabled=True, image="agentops/evals:0.1.0"))
    for secret, want in (("agentops-own", 201), ("db-password", 403)):
        made = {obj["kind"]: obj for obj in compile_tenant(NAMESPACE, [lending(secret)], settings)}
        for path, kind in PATHS.items():
            own = f"{path.format(NAMESPACE)}/agentops-tenant-gateway"
            status, answer = ready.call(
                "APPLY", f"{own}?fieldManager=agentops-operator&force=true&dryRun=All", made[kind], user=OPERATOR
            )
            assert status in ((want,) if kind == "Deployment" else (200, 201)), answer.get("message")


def lending(secret: str) -> FragmentUse:
    """A tenant's policy that names this Secret; the schema would not take every name."""
    credential = Credential.model_construct(secret_name=secret, keys=[CredentialKey(role=Role.API_KEY, key="k")])
    target = Target.model_construct(name="a", provider=Provider.OPENAI, model="m", credential=credential)
    alias = Alias(name="own", targets=[AliasTarget(name="a")])
    spec = ProviderFallbackSpec.model_construct(targets=[target], aliases=[alias])
    return FragmentUse(("", 1), fragment(f"{NAMESPACE}/own", spec, tenant=True), "4f0c1a52-0000-0000-0000-000000000000")


@pytest.mark.parametrize("kind", ["Pod", "CronJob", "StatefulSet"])
@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused(ready: Api, name: str, kind: str) -> None:
    """Each way around, with a message that says what is allowed."""
    spec, message = REFUSED[name]
    path, body = wrapped(kind, spec)
    status, answer = ready.call("POST", f"{path}?dryRun=All", body, user=OPERATOR)
    assert status == 403, answer
    assert message in answer["message"]


def test_change_of_an_own_workload_is_checked_too(ready: Api) -> None:
    """A harmless object must not be turned into another one."""
    path, body = wrapped("CronJob", pod(), "changed")
    assert ready.call("POST", path, body, user=OPERATOR)[0] == 201
    _, changed = wrapped("CronJob", pod(serviceAccountName="admin"), "changed")
    own = f"{path}/changed?fieldManager=agentops-operator&force=true&dryRun=All"
    status, answer = ready.call("APPLY", own, changed, user=OPERATOR)
    assert status == 403, answer
    assert "service accounts named" in answer["message"]


def test_other_users_are_not_concerned(ready: Api) -> None:
    """The policy speaks of the operator's account only."""
    path, body = wrapped("Pod", pod(serviceAccountName="default", containers=container(image="busybox")))
    assert ready.call("POST", f"{path}?dryRun=All", body)[0] == 201
