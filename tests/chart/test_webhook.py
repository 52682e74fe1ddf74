"""injection.mode=Webhook: what the chart renders for clusters without MutatingAdmissionPolicy."""

import base64
import json
import re
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, Helm, Render
from tests.chart.test_render import named

VALUES = CHART / "ci" / "webhook-values.yaml"
MANAGED = ("--set", "injection.mode=Webhook,webhook.certManager.enabled=true")
WEBHOOK_KINDS = ("MutatingWebhookConfiguration", "Certificate", "Issuer")
Object = dict[str, Any]


def only(objects: list[Object], kind: str, name: str = "agentops-webhook") -> Object:
    """The one object of this kind and name."""
    (found,) = named(objects, kind, name)
    return found


def test_older_cluster_gets_a_webhook_instead_of_the_policy(helm: Helm) -> None:
    """The chart renders for the oldest version that it allows, with nothing that this one does not know."""
    done = helm("template", "agentops", CHART, "--kube-version", "1.30.0", "--values", VALUES)
    assert done.returncode == 0, done.stderr
    objects = [found for found in yaml.safe_load_all(done.stdout) if found]
    assert not named(objects, "MutatingAdmissionPolicy")
    assert not named(objects, "MutatingAdmissionPolicyBinding")
    assert named(objects, "ValidatingAdmissionPolicy", "agentops-require")
    for policy in named(objects, "ValidatingAdmissionPolicy"):
        newer = re.findall(r"flatten\(|\.sort\(|lists\.range|sortBy\(", json.dumps(policy))
        assert newer == [], f"{policy['metadata']['name']}: CEL functions of 1.34"


@pytest.mark.parametrize("mode", ["Policy", "Disabled"])
def test_other_modes_render_nothing_of_it(render: Render, mode: str) -> None:
    """No server, no certificate, no account."""
    objects = render("--set", f"injection.mode={mode}")
    assert not [found for found in objects if found["metadata"]["name"] == "agentops-webhook" or found["kind"] in WEBHOOK_KINDS]


def test_webhook_looks_at_the_same_pods_as_the_policy(render: Render) -> None:
    """Same namespaces, same conditions, open on errors, and a short time to wait."""
    exclude = ("--set", "injection.excludeNamespaces={monitoring}")
    (policy,) = named(render(*exclude), "MutatingAdmissionPolicy", "agentops-inject")
    (webhook,) = only(render("--values", VALUES, *exclude), "MutatingWebhookConfiguration", "agentops-inject")["webhooks"]
    spec = policy["spec"]
    assert webhook["namespaceSelector"] == spec["matchConstraints"]["namespaceSelector"]
    assert [entry["name"] for entry in webhook["matchConditions"]] == ["not-injected-yet", "not-a-mirror-pod"]
    injected, mirror = ("".join(entry["expression"].split()) for entry in webhook["matchConditions"])
    (theirs,) = ("".join(entry["expression"].split()) for entry in spec["matchConditions"])
    assert theirs.startswith(f"{injected}&&({mirror})&&")
    assert (webhook["failurePolicy"], webhook["timeoutSeconds"], webhook["sideEffects"]) == ("Ignore", 3, "None")
    assert webhook["reinvocationPolicy"] == "IfNeeded"
    (rule,) = webhook["rules"]
    assert (rule["operations"], rule["resources"]) == (["CREATE"], ["pods"])


def test_webhook_may_read_indexes_and_nothing_else(render: Render) -> None:
    """Whoever takes it over learns no Secret and writes nothing."""
    want = [{"apiGroups": ["agentops.dev"], "resources": ["injectionindexes"], "verbs": ["get", "list", "watch"]}]
    assert only(render("--values", VALUES), "ClusterRole")["rules"] == want
    spaced = ("--set", "install.mode=namespaced,install.watchNamespaces={shop}")
    objects = render("--values", VALUES, *spaced)
    assert not named(objects, "ClusterRole", "agentops-webhook")
    roles = named(objects, "Role", "agentops-webhook")
    assert {role["metadata"]["namespace"] for role in roles} == {"shop", "agentops-system"}
    assert all(role["rules"] == want for role in roles)
    assert named(objects, "MutatingWebhookConfiguration", "agentops-inject-agentops-system")
    env = only(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "AGENTOPS_WATCH_NAMESPACES", "value": "agentops-system,shop"} in env


def test_all_ways_of_a_question_lead_to_the_pods(render: Render) -> None:
    """Service, ports, labels and the network policy fit together; a gap would be a pod without sidecar each time."""
    objects = render("--values", VALUES)
    client = only(objects, "MutatingWebhookConfiguration", "agentops-inject")["webhooks"][0]["clientConfig"]
    service, deployment = only(objects, "Service"), only(objects, "Deployment")
    reference = client["service"]
    assert (reference["name"], reference["namespace"]) == ("agentops-webhook", "agentops-system")
    ports = {port["port"]: port["targetPort"] for port in service["spec"]["ports"]}
    containers = deployment["spec"]["template"]["spec"]["containers"]
    assert ports[reference["port"]] in {port["containerPort"] for port in containers[0]["ports"]}
    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    open_ports = {port["port"] for rule in only(objects, "NetworkPolicy")["spec"]["ingress"] for port in rule["ports"]}
    assert ports[reference["port"]] in open_ports
    assert deployment["spec"]["replicas"] == 2
    assert only(objects, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_certificate_of_the_user_is_used_as_it_is(render: Render) -> None:
    """The chart makes no certificate; the authority stands in the values, so that Git holds all."""
    objects = render("--values", VALUES)
    client = only(objects, "MutatingWebhookConfiguration", "agentops-inject")["webhooks"][0]["clientConfig"]
    assert base64.b64decode(client["caBundle"]).decode() == yaml.safe_load(VALUES.read_text())["webhook"]["caBundle"]
    volumes = only(objects, "Deployment")["spec"]["template"]["spec"]["volumes"]
    assert {"name": "tls", "secret": {"secretName": "agentops-webhook-tls"}} in volumes
    assert not named(objects, "Secret")
    assert not named(objects, "Certificate")


def test_cert_manager_makes_the_certificate(render: Render) -> None:
    """With an authority that outlives the certificates, or with an issuer of the user."""
    objects = render(*MANAGED)
    certificate = only(objects, "Certificate")["spec"]
    assert "agentops-webhook.agentops-system.svc" in certificate["dnsNames"]
    volumes = only(objects, "Deployment")["spec"]["template"]["spec"]["volumes"]
    assert {"name": "tls", "secret": {"secretName": certificate["secretName"]}} in volumes
    configuration = only(objects, "MutatingWebhookConfiguration", "agentops-inject")
    notes = configuration["metadata"]["annotations"]
    assert notes == {"cert-manager.io/inject-ca-from": "agentops-system/agentops-webhook"}
    assert "caBundle" not in configuration["webhooks"][0]["clientConfig"]
    assert only(objects, "Certificate", "agentops-webhook-ca")["spec"]["isCA"] is True
    issuer = "webhook.certManager.issuerRef.name=corp,webhook.certManager.issuerRef.kind=ClusterIssuer"
    own = render(*MANAGED, "--set", issuer)
    assert not named(own, "Issuer")
    assert only(own, "Certificate")["spec"]["issuerRef"] == {"name": "corp", "kind": "ClusterIssuer"}


def test_settings_of_the_sidecar_are_read_by_the_process(render: Render) -> None:
    """Image, digest, resources and variables reach it as they reach the policy, dollars included."""
    from agentops_operator.webhook.settings import from_environment

    digest = "sha256:" + "0" * 64
    image = f"image.registry=r.example.com,image.collector.digest={digest}"
    extra = r"injection.sidecar.extraEnv.NODE=$(HOST)\,a,injection.sidecar.runAsUser=7"
    (container,) = only(render("--values", VALUES, "--set", image, "--set", extra), "Deployment")["spec"]["template"]["spec"][
        "containers"
    ]
    environment = {entry["name"]: entry["value"].replace("$$", "$") for entry in container["env"]}
    settings = from_environment(environment)
    assert settings.sidecar.image == f"r.example.com/agentops/collector@{digest}"
    assert settings.sidecar.repository == "r.example.com/agentops/collector"
    assert settings.sidecar.extra_env == {"NODE": "$(HOST),a"}
    assert settings.sidecar.run_as_user == 7
    assert "$(" not in next(entry["value"].replace("$$", "") for entry in container["env"] if entry["name"] == "AGENTOPS_SIDECAR")


def test_metrics_are_scraped_where_monitors_exist(render: Render) -> None:
    """A webhook that answers nobody is seen by its metrics first."""
    objects = render("--values", VALUES, "--api-versions", "monitoring.coreos.com/v1")
    assert only(objects, "PodMonitor")["spec"]["podMetricsEndpoints"][0]["portNumber"] == 8080
