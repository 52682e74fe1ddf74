"""What the chart renders, without a cluster."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, VERSION, Helm, Render, values_files

Object = dict[str, Any]
FORBIDDEN_VERBS = {"*", "escalate", "bind", "impersonate"}
FORBIDDEN_RESOURCES = {
    "*",
    "secrets",
    "pods/exec",
    "pods/attach",
    "pods/portforward",
    "pods/ephemeralcontainers",
    "serviceaccounts/token",
    "nodes/proxy",
}
FORBIDDEN_WRITES = {
    "pods", "serviceaccounts", "roles", "rolebindings", "clusterroles", "clusterrolebindings", "namespaces", "nodes",
    "mutatingwebhookconfigurations", "validatingwebhookconfigurations", "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
    "validatingadmissionpolicies", "validatingadmissionpolicybindings", "customresourcedefinitions",
}  # fmt: skip
READS = {"get", "list", "watch"}


@pytest.fixture(params=values_files(), ids=lambda path: path.stem)
def values(request: pytest.FixtureRequest) -> Path:
    """Each file of values in turn."""
    path: Path = request.param
    return path


def named(objects: list[Object], kind: str, name: str = "") -> list[Object]:
    """Objects of a kind, and of a name."""
    return [found for found in objects if found["kind"] == kind and name in ("", found["metadata"]["name"])]


def pod_specs(objects: list[Object]) -> list[Object]:
    """Specs of all pods that the chart makes."""
    templates = [*named(objects, "Deployment"), *named(objects, "Job")]
    return [found["spec"]["template"]["spec"] for found in templates] + [found["spec"] for found in named(objects, "Pod")]


def test_lint_is_clean(helm: Helm, values: Path) -> None:
    """Helm finds neither errors nor warnings."""
    done = helm("lint", CHART, "--strict", "--values", values, *VERSION)
    assert done.returncode == 0, done.stdout + done.stderr


def test_permissions_hold_nothing_that_leads_further(render: Render, values: Path) -> None:
    """No Secrets, no wildcards, no entering of pods, no handing out of rights, in no role and with no values.

    An account without rights may be written by the name of a tenant's gateway.
    """
    for role in (*named(render("--values", values), "ClusterRole"), *named(render("--values", values), "Role")):
        for rule in role["rules"]:
            where = f"{role['metadata']['name']}: {rule}"
            assert "*" not in rule["apiGroups"], where
            assert not FORBIDDEN_VERBS & set(rule["verbs"]), where
            assert not FORBIDDEN_RESOURCES & set(rule["resources"]), where
            one_of_ours = rule.get("resourceNames") == ["agentops-tenant-gateway"]
            assert one_of_ours or set(rule["verbs"]) <= READS or not FORBIDDEN_WRITES & set(rule["resources"]), where


def test_bindings_name_our_accounts_and_roles_only(render: Render, values: Path) -> None:
    """The one foreign role lets the relay read the public keys of the token issuer."""
    objects = render("--values", values)
    for binding in (*named(objects, "ClusterRoleBinding"), *named(objects, "RoleBinding")):
        role = binding["roleRef"]["name"]
        assert role == "system:service-account-issuer-discovery" or role.startswith("agentops-"), binding
        assert {(subject["kind"], subject["name"].split("-")[0]) for subject in binding["subjects"]} == {
            ("ServiceAccount", "agentops")
        }


def test_pods_are_restricted(render: Render, values: Path) -> None:
    """What the Pod Security level `restricted` demands, and a root file system that nobody can write to."""
    for spec in pod_specs(render("--values", values)):
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] == 65532
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in spec["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_crds_are_kept_by_default(render: Render) -> None:
    """Otherwise uninstalling would delete every Agent and every policy."""
    crds = named(render(), "CustomResourceDefinition")
    assert {crd["spec"]["names"]["kind"] for crd in crds} >= {"Agent", "TracePolicy", "MaskingPolicy", "InjectionIndex"}
    assert all(crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for crd in crds)
    assert not named(render("--set", "crds.enabled=false"), "CustomResourceDefinition")
    unkept = named(render("--set", "crds.keep=false"), "CustomResourceDefinition")
    assert all("helm.sh/resource-policy" not in crd["metadata"].get("annotations", {}) for crd in unkept)


def test_crds_are_those_of_the_repository(render: Render) -> None:
    """The chart adds labels and the keep annotation, nothing else."""
    for crd in named(render(), "CustomResourceDefinition"):
        file = CHART.parents[1] / "crds" / f"{crd['spec']['names']['plural']}.yaml"
        assert crd["spec"] == yaml.safe_load(file.read_text())["spec"]


def test_kill_switch_renders_no_mutating_policy(render: Render) -> None:
    """injection.mode=Disabled removes policy and binding; what validates stays."""
    objects = render("--set", "injection.mode=Disabled")
    assert not named(objects, "MutatingAdmissionPolicy", "agentops-inject")
    assert not named(objects, "MutatingAdmissionPolicyBinding", "agentops-inject")
    assert named(objects, "ValidatingAdmissionPolicy", "agentops-index-writers")


def test_injection_ignores_errors_and_never_touches_system_namespaces(render: Render) -> None:
    """Nothing of ours keeps a pod from starting, least of all those that everything else needs."""
    objects = render("--set", "injection.excludeNamespaces={monitoring}")
    (policy,) = named(objects, "MutatingAdmissionPolicy", "agentops-inject")
    assert policy["spec"]["failurePolicy"] == "Ignore"
    (names, label) = policy["spec"]["matchConstraints"]["namespaceSelector"]["matchExpressions"]
    assert names == {
        "key": "kubernetes.io/metadata.name",
        "operator": "NotIn",
        "values": ["kube-system", "kube-node-lease", "agentops-system", "monitoring"],
    }
    assert label == {"key": "agentops.dev/injection", "operator": "NotIn", "values": ["Disabled"]}


def test_only_required_namespaces_fail_closed_on_pods(render: Render) -> None:
    """A validating policy that looks at everybody's pods and fails closed would stop a cluster when it breaks."""
    for policy in named(render(), "ValidatingAdmissionPolicy"):
        spec = policy["spec"]
        pods = any("pods" in rule["resources"] for rule in spec["matchConstraints"]["resourceRules"])
        own = any("agentops-operator" in condition["expression"] for condition in spec.get("matchConditions", []))
        if pods and not own and spec["failurePolicy"] == "Fail":
            labels = spec["matchConstraints"]["namespaceSelector"]["matchExpressions"]
            assert {"key": "agentops.dev/injection", "operator": "In", "values": ["Require"]} in labels


def test_images_follow_the_values(render: Render) -> None:
    """Registry, tag and digest reach the operator, the relay and the sidecar alike."""
    digest = "sha256:" + "0" * 64
    objects = render("--set", f"image.registry=r.example.com/x/,image.operator.tag=v9,image.collector.digest={digest}")
    (deployment,) = named(objects, "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    collector = f"r.example.com/x/agentops/collector@{digest}"
    assert container["image"] == "r.example.com/x/agentops/operator:v9"
    assert {"name": "AGENTOPS_RELAY_IMAGE", "value": collector} in container["env"]
    (policy,) = named(objects, "MutatingAdmissionPolicy", "agentops-inject")
    (sidecar,) = (entry["expression"] for entry in policy["spec"]["variables"] if entry["name"] == "sidecar")
    assert f'"image": dyn("{collector}")' in sidecar


def test_patch_is_made_of_plain_maps(render: Render) -> None:
    """A list with a typed Object in it makes API server 1.36 panic, and a panic fails the pod whatever the policy says."""
    (policy,) = named(render(), "MutatingAdmissionPolicy", "agentops-inject")
    assert re.findall(r"\bObject\b[.{]", json.dumps(policy["spec"])) == []


def test_quantities_of_the_sidecar_may_be_numbers(render: Render) -> None:
    """`cpu: 1` beside `memory: 64Mi` would be two types in one CEL map, and the API server would refuse the policy."""
    objects = render("--set", "injection.sidecar.resources.limits.cpu=1")
    (policy,) = named(objects, "MutatingAdmissionPolicy", "agentops-inject")
    (sidecar,) = (entry["expression"] for entry in policy["spec"]["variables"] if entry["name"] == "sidecar")
    assert '"limits": dyn({"cpu":"1","memory":"192Mi"})' in sidecar


def test_namespaced_mode_has_no_right_beyond_its_namespaces(render: Render) -> None:
    """Roles instead of a ClusterRole, and policies that look at these namespaces only, under names of their own."""
    values = CHART / "ci" / "namespaced-values.yaml"
    objects = render("--values", values, namespace="team-a")
    assert not named(objects, "ClusterRole")
    assert not named(objects, "ClusterRoleBinding")
    assert {role["metadata"]["namespace"] for role in named(objects, "Role", "agentops-operator")} == {
        "billing",
        "shop",
        "support",
        "team-a",
    }
    (policy,) = named(objects, "MutatingAdmissionPolicy", "agentops-inject-team-a")
    assert {
        "key": "kubernetes.io/metadata.name",
        "operator": "In",
        "values": ["billing", "shop", "support", "team-a"],
    } in policy["spec"]["matchConstraints"]["namespaceSelector"]["matchExpressions"]
    (deployment,) = named(objects, "Deployment")
    env = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "AGENTOPS_WATCH_NAMESPACES", "value": "billing,shop,support,team-a"} in env


def test_monitors_appear_only_where_their_api_exists(render: Render) -> None:
    """Prometheus without its operator must not make the installation fail."""
    assert not named(render(), "PodMonitor")
    assert len(named(render("--api-versions", "monitoring.coreos.com/v1"), "PodMonitor")) == 2
    services = render("--api-versions", "monitoring.coreos.com/v1", "--set", "monitoring.serviceMonitors.enabled=true")
    assert len(named(services, "ServiceMonitor")) == 2


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("unknown=1", "unknown"),
        ("operator.replicaCount=2", "replicaCount"),
        ("operator.replicas=3", "replicas"),
        ("injection.mode=On", "mode"),
        ("image.collector.digest=latest", "digest"),
        ("injection.sidecar.runAsUser=0", "runAsUser"),
        ("install.mode=namespaced", "name the namespaces in install.watchNamespaces"),
        ("install.watchNamespaces={a}", "install.mode is cluster"),
        ("injection.mode=Webhook", "set webhook.certManager.enabled, or webhook.tlsSecret and webhook.caBundle"),
        ("injection.mode=Webhook,webhook.tlsSecret=a", "set webhook.certManager.enabled, or webhook.tlsSecret and"),
        ("injection.mode=Webhook,webhook.certManager.enabled=true,webhook.tlsSecret=a", "remove webhook.tlsSecret"),
        ("webhook.caBundle=Zm9v", "caBundle"),
    ],
)
def test_wrong_value_is_refused_by_name(helm: Helm, setting: str, message: str) -> None:
    """A misspelt value that is silently ignored would leave a default in force."""
    done = helm("template", "agentops", CHART, *VERSION, "--set", setting)
    assert done.returncode != 0
    assert message in done.stderr


def test_older_cluster_is_told_what_to_set(helm: Helm) -> None:
    """Instead of a policy that the API server does not know."""
    done = helm("template", "agentops", CHART, "--kube-version", "1.33.0")
    assert done.returncode != 0
    assert "injection.mode=Policy needs Kubernetes 1.36" in done.stderr
    assert helm("template", "agentops", CHART, "--kube-version", "1.33.0", "--set", "injection.mode=Disabled").returncode == 0


def test_rendering_twice_gives_the_same(render: Render, values: Path) -> None:
    """Random or time-dependent output would be a change on every GitOps sync."""
    assert render("--values", values) == render("--values", values)


def test_every_value_is_in_the_schema() -> None:
    """The schema refuses what it does not know, the defaults included."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def compare(value: Object, part: Object, path: str) -> None:
        known = part.get("properties", {})
        for key, below in value.items():
            if part.get("additionalProperties") is False:
                assert key in known, f"{path}{key} is not in the schema"
            if isinstance(below, dict) and key in known:
                compare(below, known[key], f"{path}{key}.")

    compare(values, schema, "")
    assert set(schema["properties"]) - {"global"} == set(values)


def test_every_setting_handed_to_the_operator_is_read_by_it(render: Render) -> None:
    """A value that reaches a variable which nobody reads would be silently without effect."""
    objects = render(
        "--values", CHART / "ci" / "high-availability-values.yaml", "--set", "install.mode=namespaced,install.watchNamespaces={a}"
    )
    (deployment,) = named(objects, "Deployment")
    names = {entry["name"] for entry in deployment["spec"]["template"]["spec"]["containers"][0]["env"]}
    sources = (CHART.parents[1] / "operator" / "agentops_operator").rglob("*.py")
    read = {name for path in sources for name in re.findall(r'"(AGENTOPS_[A-Z_]+)"', path.read_text())}
    assert {name for name in names if name.startswith("AGENTOPS_")} - read == set()
