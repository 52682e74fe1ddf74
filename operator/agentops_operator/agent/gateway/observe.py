"""What was observed of the gateway, told as conditions of one Agent and of the policies that bind it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from agentops_operator.agent.claims import Coverage, misdirection, misled, names
from agentops_operator.agent.execution import Execution
from agentops_operator.agent.facts import GATEWAY_AWAY, GOES_DIRECT, Input, Resource
from agentops_operator.agent.gateway.probes import NOT_OBSERVED, OBSERVED, Subject
from agentops_operator.agent.gateway.resolve import Fallback, Resolved
from agentops_operator.agent.gateway.row import GatewayRow, way_of
from agentops_operator.agent.gateway.support import ENGINE, among, paths
from agentops_operator.agent.index_types import Gateway
from agentops_operator.agent.tenant_gateway import TenantGatewayObservation
from agentops_operator.api.condition import Condition, false, true, unknown
from agentops_operator.api.reason import ConditionType, Reason
from agentops_operator.kube.digest import digest
from agentops_operator.kube.names import TENANT_GATEWAY
from agentops_operator.policies.fallback.compile import Fragment
from agentops_operator.policies.fallback.types import ProviderFallbackSpec

ENABLE = "there is no gateway: set gateway.enabled=true in the chart's values"
NO_ALIAS = "no ProviderFallback gives this Agent an alias, so none of its calls passes the gateway"
STATE_READY = "Ready"


def reporting(facts: Input, pods: Coverage, word: str) -> list[str]:
    """Pods whose sidecar reports a problem that begins with this word."""
    uids = {pod.uid for pod in pods.injected}
    reports = facts.observation.pods if facts.observation else ()
    return [one.name for one in reports if one.uid in uids and any(text.startswith(word) for text in one.problems)]


def plan_programmed(facts: Input, row: GatewayRow | None, fragments: Iterable[Fragment] = ()) -> Condition:
    """Programmed, as far as the gateway goes: every replica runs this version of the Agent's part of the plan.

    Args:
        facts: what is known.
        row: the Agent's part of the plan.
        fragments: policies whose credentials the gateway of their namespace must have been told of, too.
    """
    kind = ConditionType.PROGRAMMED
    if not facts.settings.gateway.enabled:
        return false(kind, Reason.GATEWAY_DISABLED, ENABLE)
    if row is None:
        return false(kind, Reason.NO_MODELS, NO_ALIAS)
    if facts.gateway_row == row.digest:
        return lent(facts.tenant_gateway, fragments) or true(
            kind, Reason.PROGRAMMED, "every replica of the gateway runs this version"
        )
    if facts.gateway.plan_error:
        return false(kind, Reason.PLAN_REFUSED, facts.gateway.plan_error)
    return false(kind, Reason.AWAITING_GATEWAY, facts.gateway.error or "the gateway does not run this version of the plan yet")


def lent(seen: TenantGatewayObservation, fragments: Iterable[Fragment]) -> Condition | None:
    """What keeps credentials of a tenant from being used; None when each target is in force in the gateway that has them."""
    kind = ConditionType.PROGRAMMED
    wanted = {name: digest(target) for fragment in fragments for name, target in fragment.lent.items()}
    behind = sorted(name for name, version in wanted.items() if seen.digests.get(name) != version)
    if wanted and seen.refused:
        return false(kind, Reason.GATEWAY_REFUSED, f"the gateway of this namespace: {seen.refused}")
    if behind and seen.pods_refused:
        return false(kind, Reason.GATEWAY_REFUSED, f"pods of {TENANT_GATEWAY} are refused: {seen.pods_refused}")
    if not behind:
        return None
    why = seen.error or f"it does not run this version of {names(behind)} yet"
    return false(kind, Reason.AWAITING_GATEWAY, f"{TENANT_GATEWAY}, the gateway of this namespace: {why}")


@dataclass(frozen=True)
class Judged:
    """What of an Agent's part of the plan is judged.

    Attributes:
        fields: its fields, as the conformance report names them.
        counts: whether it needs the state store.
        policy: the ProviderFallback, if it is one: its targets need their credentials.
        subjects: whose limits are probed.
        fragments: the policies whose credentials it needs in the gateway of their namespace.
    """

    fields: frozenset[str]
    counts: bool = True
    policy: Fallback | None = None
    subjects: tuple[Subject, ...] = ()
    fragments: tuple[Fragment, ...] = ()


def plan_enforced(facts: Input, pods: Coverage, row: GatewayRow | None, judged: Judged) -> Condition:
    """Enforced, as far as it was seen: by the gateway's own calls up to each limit, and by calls of the Agent."""
    refused = _unserved(facts, pods) if judged.policy and facts.settings.gateway.enabled else None
    behind = refused or not_in_force(facts, pods, row, judged.fragments)
    return behind or _lacking(facts, judged) or unproven(judged.fields) or _seen(facts, judged)


def not_in_force(facts: Input, pods: Coverage, row: GatewayRow | None, fragments: Iterable[Fragment] = ()) -> Condition | None:
    """Why the Agent's part of the plan is not in force for its calls; None where it is."""
    kind = ConditionType.ENFORCED
    progress = plan_programmed(facts, row, fragments)
    if progress.reason in (Reason.GATEWAY_DISABLED, Reason.NO_MODELS, Reason.PLAN_REFUSED, Reason.GATEWAY_REFUSED):
        return false(kind, progress.reason, progress.message)
    if direct := reporting(facts, pods, GOES_DIRECT):
        what = f"pods {names(direct)} cannot reach the gateway, and their model calls go straight to the provider (Direct)"
        return false(kind, Reason.GOES_DIRECT, f"{what}: no limit, budget or guardrail holds for them")
    if not facts.gateway.reachable:
        return unknown(kind, Reason.GATEWAY_UNREACHABLE, facts.gateway.error or "the gateway was not reached yet")
    if not progress.holds:
        return unknown(kind, progress.reason, progress.message)
    return _around(pods, way_of(row))


def guards_enforced(facts: Input, pods: Coverage, row: GatewayRow | None) -> Condition:
    """Enforced of guardrails: they are in force, each detector's canary is caught, and what was planted in calls was, too."""
    rails = {} if row is None else row.guardrails
    fields = frozenset(paths(rails, "guardrails"))
    return not_in_force(facts, pods, row) or unproven(fields) or _caught(facts, rails)


def _caught(facts: Input, rails: Collection[str]) -> Condition:
    kind = ConditionType.ENFORCED
    subjects = [Subject("guardrails", rail) for rail in rails]
    probes = facts.probes.of(subjects)
    if leaked := sorted({detector for rail, detector in facts.gateway.guards_leaked if rail in rails}):
        return false(kind, Reason.LEAKED, f"canaries of {names(leaked)} passed the guardrails of the gateway")
    if failed := [f"{probe.title} ({probe.said})" for probe in probes if probe.result == NOT_OBSERVED]:
        return false(kind, Reason.PROBE_FAILED, f"at the gateway did not hold when they were probed: {names(failed)}")
    if not facts.gateway.guards_tested:
        return unknown(
            kind, Reason.AWAITING_GATEWAY, "a replica of the gateway does not test its guardrails: it is of an older version"
        )
    if not facts.probes.names(subjects) or any(probe.result != OBSERVED for probe in probes):
        return unknown(kind, Reason.AWAITING_PROBE, "the gateway has not sent calls of its own through the guardrails yet")
    what = "canaries were caught by the guardrails of every replica of the gateway"
    return true(kind, Reason.PROBED, f"{what}, and held when probed: {names(sorted({probe.title for probe in probes}))}")


def _unserved(facts: Input, pods: Coverage) -> Condition | None:
    """A fallback that answers nobody; limits are not broken by calls that are refused."""
    refused = reporting(facts, pods, GATEWAY_AWAY)
    if not refused:
        return None
    what = f"pods {names(refused)} cannot reach the gateway, and their model calls are refused"
    return false(ConditionType.ENFORCED, Reason.GATEWAY_AWAY, f"{what}: look at Deployment agentops-gateway and network policies")


def _around(pods: Coverage, way: Gateway) -> Condition | None:
    """What is known to go around the gateway: calls that come through prove nothing on those that do not."""
    kind = ConditionType.ENFORCED
    models = [f"{pod.name} ({', '.join(pod.bypass_models)})" for pod in pods.injected if pod.bypass_models]
    if models:
        return false(kind, Reason.BYPASSED, f"own model provider kept in {names(models)}: remove its base URL from the container")
    without = [pod.name for pod in (*pods.missed, *pods.skipped)]
    if without:
        return false(kind, Reason.NOT_COVERED, f"pods {names(without)} carry no sidecar")
    older = [pod.name for pod in misled(pods, way)]
    return false(kind, Reason.RESTART_REQUIRED, f"pods {names(older)} {misdirection(way)}: restart them") if older else None


def _lacking(facts: Input, judged: Judged) -> Condition | None:
    if judged.counts and facts.gateway.store != STATE_READY:
        return false(ConditionType.ENFORCED, Reason.STATE_STORE_DOWN, _store(facts))
    return None if judged.policy is None else _credentials(facts, judged.policy)


def _store(facts: Input) -> str:
    if facts.gateway.store == "Away":
        why = facts.gateway.store_error or "no answer"
        return f"the gateway cannot reach its state store: {why}; onStateError decides each call"
    return "the gateway has no state store: set gateway.store in the chart's values; onStateError decides each call"


def _credentials(facts: Input, policy: Resource[ProviderFallbackSpec]) -> Condition | None:
    prefix = f"{policy.key.namespace}/{policy.key.name}"
    missing = facts.gateway.missing | facts.tenant_gateway.missing
    for target in policy.spec.targets:
        secret = target.credential
        if secret is not None and f"{prefix}/{target.name}" in missing:
            keys = ", ".join(entry.key for entry in secret.keys)
            return false(
                ConditionType.ENFORCED,
                Reason.CREDENTIAL_MISSING,
                f"target {target.name}: create Secret {policy.key.namespace}/{secret.secret_name} with {keys}",
            )
    return None


def _seen(facts: Input, judged: Judged) -> Condition:
    kind = ConditionType.ENFORCED
    what = "the plan is in force in every replica of the gateway"
    probes = facts.probes.of(judged.subjects)
    if failed := [f"{probe.title} ({probe.said})" for probe in probes if probe.result == NOT_OBSERVED]:
        return false(kind, Reason.PROBE_FAILED, f"{what}, and did not hold when it was probed: {names(failed)}")
    if not facts.gateway_calls:
        return unknown(kind, Reason.AWAITING_FIRST_OBSERVATION, f"{what}, and no call of this Agent came through it yet")
    if not facts.probes.told:
        return unknown(kind, Reason.AWAITING_PROBE, f"{what}, and no replica says what it probed")
    if waiting := sorted({probe.title for probe in probes if probe.result != OBSERVED}):
        return unknown(kind, Reason.AWAITING_PROBE, f"{what}, and not probed yet: {names(waiting)}")
    if judged.counts and facts.gateway.store_forgets:
        return false(
            kind, Reason.STATE_STORE_FORGETS, f"{what}, and the state store may lose counts: {facts.gateway.store_forgets}"
        )
    if held := sorted({probe.title for probe in probes}):
        return true(kind, Reason.PROBED, f"{what}, calls of this Agent came through it, and held when probed: {names(held)}")
    return true(kind, Reason.PLAN_IN_FORCE, f"{what}, and calls of this Agent came through it")


def unproven(fields: frozenset[str]) -> Condition | None:
    """What keeps the fields from being called enforced, however well the plan runs: the engine, or the lack of a proof."""
    kind = ConditionType.ENFORCED
    if wrong := among(fields, "not enforced"):
        return false(kind, Reason.UNSUPPORTED_BY_ENGINE, f"the engine {ENGINE} does not enforce {names(wrong)}")
    if unknown_yet := among(fields, "not tested"):
        return unknown(
            kind, Reason.NOT_PROVEN, f"no case of the conformance suite proves {names(unknown_yet)} for engine {ENGINE}"
        )
    return None


def direct_denied(row: GatewayRow | None, execution: Execution) -> Condition | None:
    """Enforced of an Agent that may not have what it asks for."""
    if row is None or way_of(row) == str(execution.on_gateway_down):
        return None
    return false(
        ConditionType.ENFORCED,
        Reason.DIRECT_DENIED,
        "execution.onGatewayDown is Direct, and Refuse holds: all platform ProviderFallbacks of this Agent, and one at least, "
        "must say directCalls: Allowed",
    )


def conflict(resolved: Resolved, policy: Fallback) -> Condition | None:
    """Accepted of a ProviderFallback that lost an alias of this Agent; what it did not lose stays in force."""
    lost: Mapping[str, Fallback] = resolved.lost.get(policy.key, {})
    if not lost:
        return None
    winner = min(lost.values(), key=lambda other: other.age_order)
    why = "a platform policy comes before those of a namespace"
    if winner.key.namespace == policy.key.namespace:
        why = "the older one keeps it"
    return false(
        ConditionType.ACCEPTED,
        Reason.CONFLICTED,
        f"alias {names(sorted(lost))} is declared by {winner.key} too, and {why}; the other aliases and Agents of this policy "
        "are in force: rename the alias, or narrow agentSelector",
    )


def without_take_over(execution: Execution, row: GatewayRow | None) -> Condition | None:
    """Enforced of an Agent whose `takeOver.model` is no alias of it; all its other limits hold."""
    if row is None or execution.take_over is None or execution.take_over.model in row.entry["models"]:
        return None
    return false(
        ConditionType.ENFORCED,
        Reason.REF_NOT_FOUND,
        f"execution.takeOver.model: no ProviderFallback gives the Agent an alias {execution.take_over.model}, so calls of a run "
        "that a person took over are refused; all other limits are in force",
    )


def dangling(missing: Iterable[str]) -> Condition | None:
    """Enforced of a Budget whose step CheaperModel leads nowhere; its other steps hold."""
    listed = list(missing)
    if not listed:
        return None
    return false(
        ConditionType.ENFORCED,
        Reason.REF_NOT_FOUND,
        f"step CheaperModel: there is no {names(listed)} that every Agent here may use; all other steps are in force",
    )
