"""What was observed of an Agent in the data plane, told as conditions. Nothing here is assumed from what was applied."""

from dataclasses import dataclass

from agentops_operator.agent.claims import Coverage, names
from agentops_operator.agent.facts import GATEWAY_AWAY, GOES_DIRECT, HASH_KEY, Input, PodReport
from agentops_operator.agent.plan import BackendUse
from agentops_operator.api.condition import Condition, false, true, unknown
from agentops_operator.api.reason import ConditionType, Reason

ENFORCED = ConditionType.ENFORCED
NOT_OF_TRACING = (HASH_KEY, GATEWAY_AWAY, GOES_DIRECT)
STORAGE_FULL = "StorageFull: "  # how the relay's problem with its volume begins
UNKNOWN_ROW = "the relay does not know this version of the Agent yet"


@dataclass(frozen=True)
class Sidecars:
    """Reports of the Agent's injected pods, sorted by whether they run the wanted rules."""

    expected: int
    reports: tuple[PodReport, ...]
    current: tuple[PodReport, ...]

    @property
    def all_current(self) -> bool:
        """Whether each injected pod reports the wanted rules."""
        return len(self.current) == self.expected


def sidecars(facts: Input, pods: Coverage, rules_digest: str) -> Sidecars:
    """Reports of pods that exist; a report of a pod that is gone proves nothing."""
    uids = {pod.uid for pod in pods.injected}
    reports = tuple(r for r in (facts.observation.pods if facts.observation else ()) if r.uid in uids)
    current = tuple(r for r in reports if r.rules_digest == rules_digest and r.rules_source == "Config" and not r.rules_error)
    return Sidecars(expected=len(pods.injected), reports=reports, current=current)


def programmed(facts: Input, pods: Coverage, running: Sidecars, row: str) -> Condition:
    """Programmed of the Agent: everything is applied, and sidecars and relay run this version.

    Args:
        facts: what is known.
        pods: the Agent's pods.
        running: reports of its sidecars.
        row: digest of the Agent's row of the identity table. Before the relay has it, spans are stored without a team
            and go to no backend.
    """
    kind = ConditionType.PROGRAMMED
    if facts.apply_error:
        return false(kind, Reason.APPLY_FAILED, facts.apply_error)
    if facts.relay.config_error:
        return false(kind, Reason.RELAY_NOT_READY, facts.relay.config_error)
    refused = [f"{report.name}: {report.rules_error}" for report in running.reports if report.rules_error]
    if refused:
        return false(kind, Reason.RULES_REFUSED, names(refused))
    if not running.all_current:
        return false(
            kind, Reason.AWAITING_SIDECARS, f"{len(running.current)} of {running.expected} sidecars run the current rules"
        )
    if running.expected and not _known_to_relay(facts, row):
        return false(kind, Reason.AWAITING_RELAY, UNKNOWN_ROW)
    if not pods.own:
        return true(kind, Reason.NO_PODS_MATCHED, "no pod matches now; new pods will be injected")
    return true(kind, Reason.PROGRAMMED, f"{running.expected} of {running.expected} sidecars run the current rules")


def _known_to_relay(facts: Input, row: str) -> bool:
    return facts.observation is not None and facts.observation.row == row


def masking_enforced(facts: Input, pods: Coverage, running: Sidecars) -> Condition:
    """Enforced of masking in this Agent: canaries came out masked in every pod, and no telemetry goes around the sidecar."""
    obstacle = _obstacle(facts, pods)
    if obstacle is not None:
        return obstacle
    leaked = sorted({name for report in running.reports for name in report.leaked})
    if leaked:
        return false(ENFORCED, Reason.LEAKED, f"canaries of {names(leaked)} came out unmasked")
    if any(report.rules_error for report in running.reports):
        return false(ENFORCED, Reason.RULES_REFUSED, "a sidecar keeps its last good rules, see Programmed")
    if not running.all_current:
        return unknown(ENFORCED, Reason.AWAITING_SIDECARS, f"{len(running.current)} of {running.expected} sidecars report")
    return true(ENFORCED, Reason.ENFORCED, f"canaries came out masked in {running.expected} of {running.expected} pods")


def hashing_enforced(facts: Input, running: Sidecars, secret: str) -> Condition | None:
    """Enforced of hashed placeholders where a sidecar has no key for them; None where each has."""
    without = [report for report in running.reports if any(problem.startswith(HASH_KEY) for problem in report.problems)]
    if not without:
        return None
    problems = sorted({problem for report in without for problem in report.problems if problem.startswith(HASH_KEY)})
    return false(
        ENFORCED,
        Reason.HASH_KEY_MISSING,
        f"Hash acts as Redact in pods {names([report.name for report in without])} ({names(problems)}): give Secret "
        f"{facts.agent.key.namespace}/{secret} a key named current, and restart pods that are older than the policy's hashKey",
    )


def tracing_enforced(facts: Input, pods: Coverage, running: Sidecars, row: str, backends: tuple[BackendUse, ...]) -> Condition:
    """Enforced of tracing in this Agent: spans of it were stored under its team, and the backends take them."""
    obstacle = _obstacle(facts, pods)
    if obstacle is not None:
        return obstacle
    if not _known_to_relay(facts, row):
        return unknown(ENFORCED, Reason.AWAITING_RELAY, UNKNOWN_ROW)
    full = [problem.removeprefix(STORAGE_FULL) for problem in facts.relay.problems if problem.startswith(STORAGE_FULL)]
    if full:
        size = facts.settings.relay.storage_size
        told = f"relay: {names(full)}; spans wait in the sidecars: make room on that volume"
        return false(ENFORCED, Reason.STORAGE_FULL, f"{told}, or enlarge relay.storage.size, now {size}")
    for use in backends:
        failing = _backend_failure(facts, use)
        if failing is not None:
            return failing
    reported = {problem for report in running.reports for problem in report.problems}
    problems = sorted(problem for problem in reported if not problem.startswith(NOT_OF_TRACING))
    if problems:
        return false(ENFORCED, Reason.NOT_COVERED, names(problems))
    stored = _stored(facts, f" and {len(backends)} backends take them" if backends else "")
    untried = [use.backend.name for use in backends if _state(facts, use) == "Idle"]
    if stored.holds and untried:
        return unknown(ENFORCED, Reason.AWAITING_FIRST_OBSERVATION, f"nothing was sent to backend {names(untried)} yet")
    return stored


def _stored(facts: Input, taken: str) -> Condition:
    seen = facts.observation
    if seen is not None and seen.stored:
        return true(ENFORCED, Reason.ENFORCED, f"spans of this Agent were stored{taken}")
    if seen is not None and seen.calls:
        told = "it sent no span itself: what it does besides calls is not seen"
        return true(ENFORCED, Reason.CALLS_TRACED, f"the gateway's spans of this Agent's calls were stored{taken}; {told}")
    return unknown(ENFORCED, Reason.AWAITING_FIRST_OBSERVATION, "no span of this Agent was stored yet")


def _obstacle(facts: Input, pods: Coverage) -> Condition | None:
    """What keeps any policy from being in force, or None."""
    if pods.missed or pods.skipped:
        missing = [pod.name for pod in (*pods.missed, *pods.skipped)]
        return false(ENFORCED, Reason.NOT_COVERED, f"pods {names(missing)} carry no sidecar")
    if pods.bypassed:
        return false(ENFORCED, Reason.BYPASSED, _around(pods))
    if not pods.own:
        return unknown(ENFORCED, Reason.NO_PODS_MATCHED, "no pod matches now")
    if not facts.relay.reachable:
        return unknown(ENFORCED, Reason.RELAY_UNREACHABLE, facts.relay.error or "the relay was not reached yet")
    return None


def _around(pods: Coverage) -> str:
    telemetry = [f"{pod.name} ({', '.join(pod.bypass_telemetry)})" for pod in pods.bypassed if pod.bypass_telemetry]
    models = [f"{pod.name} ({', '.join(pod.bypass_models)})" for pod in pods.bypassed if pod.bypass_models]
    told = [f"own telemetry endpoint kept in {names(telemetry)}: remove it from the container"] if telemetry else []
    told += [f"own model provider kept in {names(models)}: remove its base URL from the container"] if models else []
    return "; ".join(told)


def _state(facts: Input, use: BackendUse) -> str:
    """How delivery goes; one that the relay does not know yet was sent nothing."""
    known = facts.relay.backends.get(use.name)
    return "Idle" if known is None else known.state


def _backend_failure(facts: Input, use: BackendUse) -> Condition | None:
    state = facts.relay.backends.get(use.name)
    if state is None or state.state in ("Delivering", "Idle"):
        return None
    if state.state == "CredentialMissing" and use.backend.credentials is not None:
        secret = use.backend.credentials
        return false(
            ENFORCED,
            Reason.CREDENTIAL_MISSING,
            f"backend {use.backend.name}: create Secret {use.namespace}/{secret.secret_name} with key {secret.key}",
        )
    return false(ENFORCED, Reason.BACKEND_FAILING, f"backend {use.backend.name}: {state.error or state.state}")
