"""`agentops explain pod`: each way to get the sidecar, or not."""

import pytest

from agentops_operator.agent.facts import Resource
from agentops_operator.agent.kind import AGENT
from agentops_operator.agent.types import AgentSpec
from agentops_operator.cli.explain import switched_on
from agentops_operator.cli.explanation import explain
from agentops_operator.cli.pod_facts import Explanation, Mark, PodFacts, Step
from agentops_operator.runtime.parse import parse
from tests.cli.bodies import ENTRY, agent, facts, pod

NOTES = {"agentops.dev/agent": "billing", "agentops.dev/sidecar": "0.1.0"}
DENY = {"matchLabels": [{"key": "tier", "value": "gold"}]}
GOVERNED = ENTRY | {"gateway": "Refuse"}
IN = {"matchExpressions": [{"key": "env", "operator": "In", "values": ["prod"]}]}


def texts(answer: Explanation, mark: Mark) -> list[str]:
    """Texts of all checks with this outcome, those below others included."""

    def walk(steps: tuple[Step, ...]) -> list[str]:
        return [text for one in steps for text in ([one.text] if one.mark is mark else []) + walk(one.below)]

    return walk(answer.steps)


def refused_agent() -> Resource[AgentSpec]:
    """An Agent whose injection is withdrawn."""
    covered = {"type": "Covered", "reason": "SidecarRefused", "message": "pods were refused with the sidecar: too large"}
    parsed = parse(AGENT, agent(status={"conditions": [covered]}))
    assert isinstance(parsed, Resource)
    return parsed


# id: (facts, verdict, what to do); both must be in the answer
CASES: dict[str, tuple[PodFacts, str, str]] = {
    "pod with sidecar": (facts(pod(injected=True, notes=NOTES), ENTRY), "injected for Agent billing", ""),
    "own endpoint": (
        facts(pod(injected=True, notes={**NOTES, "agentops.dev/bypass": "main"}), ENTRY),
        "but main goes around the sidecar",
        "remove the own OTLP endpoint",
    ),
    "older than the gateway": (
        facts(pod(injected=True, notes=NOTES), GOVERNED),
        "injected for Agent billing, but before its entry said of the gateway what it says now (Refuse)",
        "kubectl rollout restart deployment/billing -n shop",
    ),
    "own model provider": (
        facts(pod(injected=True, notes={**NOTES, "agentops.dev/bypass": "main", "agentops.dev/bypass-models": "main"}), ENTRY),
        "injected for Agent billing, but model calls of main go around the gateway",
        "remove the own base URL of the provider",
    ),
    "own endpoint and own model provider": (
        facts(pod(injected=True, notes={**NOTES, "agentops.dev/bypass": "a,b", "agentops.dev/bypass-models": "b"}), ENTRY),
        "but a goes around the sidecar and model calls of b go around the gateway",
        "remove the own OTLP endpoint from the container; remove the own base URL",
    ),
    "older than its entry": (
        facts(pod(), ENTRY),
        "created before the entry of Agent billing was in the index (pod of 2026-01-01T00:00:00Z, Agent of 2026-02-01",
        "kubectl rollout restart deployment/billing -n shop",
    ),
    "older than its entry, without a controller that restarts": (
        facts(pod(owner="Job/nightly"), ENTRY, index={"Job/nightly": [ENTRY]}),
        "created before the entry",
        "the next run of the Job is injected",
    ),
    "kill switch of the cluster": (facts(pod(), ENTRY, bound=False), "switched off in this cluster", "agentops-inject"),
    "kill switch of the namespace": (
        facts(pod(), ENTRY, namespace_labels={"agentops.dev/injection": "Disabled"}),
        "disabled in this namespace",
        "remove the namespace's label agentops.dev/injection",
    ),
    "host network": (
        facts(pod(notes={"agentops.dev/skipped": "HostNetwork"}, hostNetwork=True), ENTRY),
        "left alone on purpose (HostNetwork), on the host's network",
        "",
    ),
    "opt-out that is allowed": (
        facts(pod(labels={"agentops.dev/inject": "false"}), ENTRY | {"optOut": "Allowed"}), "not injected: OptOut", "",
    ),
    "opt-out that is denied": (
        facts(pod(labels={"agentops.dev/inject": "false"}), ENTRY), "created before the entry", "rollout restart",
    ),
    "own container of our name": (facts(pod(containers=[{"name": "agentops-collector"}]), ENTRY), "NameConflict", ""),
    "own port of ours": (
        facts(pod(containers=[{"name": "main", "ports": [{"containerPort": 4318}]}]), ENTRY), "PortConflict, it", "",
    ),
    "port of the forwarder": (
        facts(pod(containers=[{"name": "main", "ports": [{"containerPort": 4319}]}]), GOVERNED), "declares port 4319", "",
    ),
    "port of the forwarder, without a gateway": (
        facts(pod(containers=[{"name": "main", "ports": [{"containerPort": 4319}]}]), ENTRY), "created before the entry", "",
    ),
    "Windows": (facts(pod(nodeSelector={"kubernetes.io/os": "windows"}), ENTRY), "not injected: Windows", ""),
    "a label that does not match": (
        facts(pod(labels={"tier": "silver"}), ENTRY | DENY), "no entry of the", "agentops status billing -n shop",
    ),
    "another service account": (
        facts(pod(serviceAccountName="web"), ENTRY | {"serviceAccountName": "billing"}), "no entry of the", "status",
    ),
    "namespace that is never looked at": (
        facts(pod(), agents=(), operator_namespace="shop"), "pods of namespace shop never are", "a namespace of their",
    ),
    "no Agent": (facts(pod(), agents=()), "no Agent claims it", "point an Agent at its workload"),
    "refused with the sidecar": (
        facts(pod(), agents=(refused_agent(),)), "not injected: pods were refused with the sidecar", "kubectl rollout restart",
    ),
    "Agent that is not in the index": (facts(pod()), "Agent billing matches it, but no entry", "see Accepted"),
}  # fmt: skip


@pytest.mark.parametrize(("known", "verdict", "mend"), CASES.values(), ids=CASES)
def test_answer_says_what_is_the_case_and_what_to_do(known: PodFacts, verdict: str, mend: str) -> None:
    """Each way to get the sidecar or not has an answer of its own, with the next step."""
    answer = explain(known)
    assert verdict in answer.verdict
    assert mend in answer.mend
    assert answer.injected == answer.verdict.startswith("injected")


def test_label_checks_are_told_one_by_one() -> None:
    """A reader sees which label holds and which does not, with the value that the pod has."""
    answer = explain(facts(pod(labels={"tier": "gold", "env": "test"}), ENTRY | DENY | IN))
    assert "label tier=gold" in texts(answer, Mark.YES)
    assert "label env In (prod): it is test" in texts(answer, Mark.NO)


def test_absent_label_is_told_as_absent() -> None:
    """An absent label is another mistake than a wrong value."""
    assert "label env In (prod): the pod has no such label" in texts(explain(facts(pod(), ENTRY | IN)), Mark.NO)


def test_all_keys_are_shown_with_what_the_index_knows() -> None:
    """The keys that admission computes are shown, so that a selector can be corrected by them."""
    answer = explain(facts(pod(), ENTRY))
    assert "Deployment/billing" in texts(answer, Mark.YES)
    assert {"app=billing", "pod-template-hash=abc"} <= set(texts(answer, Mark.NO))


def test_second_entry_counts_when_the_first_does_not_hold() -> None:
    """Admission takes the first entry that holds, and so does the explanation."""
    answer = explain(facts(pod(), ENTRY | DENY | {"agent": "first"}, ENTRY | {"agent": "second"}))
    assert "Agent second" in answer.verdict


def test_what_may_not_be_read_is_unknown_and_not_guessed() -> None:
    """Without rights on the cluster's objects the answer says so."""
    answer = explain(facts(pod(), ENTRY, bound=None, namespace_labels=None))
    assert len(texts(answer, Mark.UNKNOWN)) == 2
    assert "created before the entry" in answer.verdict


def test_own_sidecar_is_no_conflict_with_itself() -> None:
    """The container and the volume that admission added are not taken for the pod's own."""
    assert "nothing in it keeps the sidecar out" in texts(explain(facts(pod(injected=True, notes=NOTES), ENTRY)), Mark.YES)


def test_container_of_our_name_is_not_taken_for_the_sidecar() -> None:
    """Admission has noted the conflict on the pod, and the answer says it instead of counting the pod as injected."""
    answer = explain(facts(pod(injected=True, notes={"agentops.dev/skipped": "NameConflict"}), ENTRY))
    assert not answer.injected
    assert "NameConflict" in answer.verdict


BINDING = {"metadata": {"name": "agentops-inject"}, "spec": {"policyName": "agentops-inject"}}
WEBHOOK = {"metadata": {"name": "agentops-inject-team-a"}, "webhooks": []}
OTHER = {"metadata": {"name": "istio"}, "webhooks": []}


@pytest.mark.parametrize(
    ("bindings", "webhooks", "want"),
    [([BINDING], None, True), ([], [OTHER, WEBHOOK], True), ([], [OTHER], False), (None, [OTHER], None), ([], None, None)],
)
def test_injection_is_on_by_policy_or_by_webhook(
    bindings: list[dict[str, object]] | None, webhooks: list[dict[str, object]] | None, want: bool | None
) -> None:
    """Either way counts, and without the right to look at both nothing is claimed."""
    assert switched_on(bindings, webhooks) is want


def test_own_model_provider_is_a_step_only_with_a_gateway() -> None:
    """Without a gateway there is nothing that the calls could go around."""
    body = pod(containers=[{"name": "main", "env": [{"name": "OPENAI_BASE_URL", "value": "https://models.example.com"}]}])
    told = "containers main keep an own model provider: their calls go around the gateway"
    assert told in texts(explain(facts(body, GOVERNED)), Mark.NO)
    assert told not in texts(explain(facts(body, ENTRY)), Mark.NO)
