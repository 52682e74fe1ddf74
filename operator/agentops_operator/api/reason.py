"""Every reason that a condition can carry, with what it means and what to do. The reference pages are made from this file."""

from enum import StrEnum


class Reason(StrEnum):
    """Reasons of conditions. Each member's text in `MEANING` is shown in the documentation."""

    # Accepted
    ACCEPTED = "Accepted"
    INVALID = "Invalid"
    CONFLICTED = "Conflicted"
    NO_POD_LABELS = "NoPodLabels"
    REF_NOT_PERMITTED = "RefNotPermitted"
    BACKEND_NOT_ALLOWED = "BackendNotAllowed"
    DECIDER_UNKNOWN = "DeciderUnknown"  # nothing checked who decided
    DECISION_LATE = "DecisionLate"  # it does not fit the state of the run
    RUN_GONE = "RunGone"  # the gateway does not know the run
    # Programmed
    PROGRAMMED = "Programmed"
    NOT_ACCEPTED = "NotAccepted"
    NO_PODS_MATCHED = "NoPodsMatched"
    NO_AGENTS_MATCHED = "NoAgentsMatched"
    RESTART_REQUIRED = "RestartRequired"
    OUTDATED = "Outdated"
    AWAITING_SIDECARS = "AwaitingSidecars"
    AWAITING_RELAY = "AwaitingRelay"
    APPLY_FAILED = "ApplyFailed"
    RELAY_NOT_READY = "RelayNotReady"
    GATEWAY_DISABLED = "GatewayDisabled"  # the chart's gateway.enabled is false
    NO_MODELS = "NoModels"  # no alias: calls of the Agent cannot pass the gateway
    AWAITING_GATEWAY = "AwaitingGateway"  # a new plan comes within seconds, or with the kubelet
    AWAITING_DECISION = "AwaitingDecision"  # a held run waits for a person
    GATEWAY_REFUSED = "GatewayRefused"  # the gateway of a tenant's namespace: its objects or pods were refused there
    PLAN_REFUSED = "PlanRefused"  # a replica keeps its last good plan, or the plan could not be written
    # Enforced
    ENFORCED = "Enforced"
    CALLS_TRACED = "CallsTraced"  # True, by the gateway's spans alone
    AWAITING_FIRST_OBSERVATION = "AwaitingFirstObservation"
    BYPASSED = "Bypassed"
    LEAKED = "Leaked"
    RULES_REFUSED = "RulesRefused"
    NOT_COVERED = "NotCovered"
    BACKEND_FAILING = "BackendFailing"
    CREDENTIAL_MISSING = "CredentialMissing"
    HASH_KEY_MISSING = "HashKeyMissing"
    STORAGE_FULL = "StorageFull"
    RELAY_UNREACHABLE = "RelayUnreachable"
    NETWORK_POLICY_NOT_ENFORCED = "NetworkPolicyNotEnforced"  # a pod reached what nothing allows
    EGRESS_WIDENED = "EgressWidened"  # a NetworkPolicy of somebody else allows more, and they add up
    EGRESS_NOT_ALLOWED = "EgressNotAllowed"
    CANARY_SILENT = "CanarySilent"  # not even the operator is greeted, so a refusal proves nothing
    GATEWAY_UNREACHABLE = "GatewayUnreachable"  # no replica answers the operator
    GATEWAY_AWAY = "GatewayAway"  # pods say that they cannot reach it, and refuse calls
    GOES_DIRECT = "GoesDirect"  # pods say that they cannot reach it, and go around it
    DIRECT_DENIED = "DirectDenied"  # onGatewayDown: Direct without the platform's word
    PLAN_IN_FORCE = "PlanInForce"  # True, and all that was seen: there is nothing to probe
    PROBED = "Probed"  # True: the gateway met the limits with calls of its own, and they held
    PROBE_FAILED = "ProbeFailed"  # a limit did not refuse, or nobody took over
    AWAITING_PROBE = "AwaitingProbe"  # the gateway has not met the limit yet
    STATE_STORE_DOWN = "StateStoreDown"  # counts cannot be kept; onStateError decides each call
    STATE_STORE_FORGETS = "StateStoreForgets"  # its settings let it lose counts: it evicts, or is not persistent
    UNSUPPORTED_BY_ENGINE = "UnsupportedByEngine"  # the conformance suite shows that the engine does not do it
    NOT_PROVEN = "NotProven"  # no case of the suite shows that it does
    REF_NOT_FOUND = "RefNotFound"  # a part of the policy leads nowhere; the rest is in force
    RUN_HELD = "RunHeld"
    RUN_TAKEN_OVER = "RunTakenOver"
    RUN_RESUMED = "RunResumed"
    RUN_CANCELLED = "RunCancelled"
    RUN_FINISHED = "RunFinished"
    HOLD_EXPIRED = "HoldExpired"
    PROMETHEUS_MISSING = "PrometheusMissing"
    RULES_NOT_LOADED = "RulesNotLoaded"
    DID_NOT_RUN = "DidNotRun"
    VERDICT_FAIL = "VerdictFail"
    VERDICT_INCONCLUSIVE = "VerdictInconclusive"
    # Covered
    ALL_PODS_INJECTED = "AllPodsInjected"
    POD_SKIPPED = "PodSkipped"
    SIDECAR_REFUSED = "SidecarRefused"
    POD_REFUSED = "PodRefused"
    # Notified
    NOTICE_TAKEN = "NoticeTaken"
    RECEIVER_MISSING = "ReceiverMissing"  # a Secret is named, and address or key is not in it
    NOTICE_REFUSED = "NoticeRefused"  # the receiver's answer says that another try is of no use
    NOTICE_UNANSWERED = "NoticeUnanswered"  # tried again, or given up
    # Alerting
    RULES_LOADED = "RulesLoaded"
    # Ready, Reconciling, Stalled
    READY = "Ready"
    PROGRESSING = "Progressing"
    PROGRESSING_WITH_RETRY = "ProgressingWithRetry"
    SETTLED = "Settled"


MEANING: dict[Reason, str] = {
    Reason.ACCEPTED: "The spec is valid and its references resolve.",
    Reason.INVALID: "A field is wrong; the message names field, value and mend.",
    Reason.CONFLICTED: "Another object claims the same pods, name or alias and wins; the message names it and says what stays.",
    Reason.NO_POD_LABELS: "The pod selector has no equality and no In expression, so pods cannot be found by it at admission.",
    Reason.REF_NOT_PERMITTED: "A reference leaves the namespace, or names a Secret that does not begin with `agentops-`.",
    Reason.BACKEND_NOT_ALLOWED: "A platform policy restricts backends and does not list this one.",
    Reason.PROGRAMMED: "Every object is applied and every consumer runs this version.",
    Reason.NOT_ACCEPTED: "Nothing was applied, because the object is not accepted.",
    Reason.NO_PODS_MATCHED: "No pod matches the Agent now; that is no error.",
    Reason.NO_AGENTS_MATCHED: "The policy selects no Agent now; that is no error.",
    Reason.RESTART_REQUIRED: "Pods that match started before their injection entry existed, or before it said what it says of "
    "the gateway now; restart them to be covered.",
    Reason.OUTDATED: "Pods run a sidecar of another version than the operator's; restart them at a good time.",
    Reason.AWAITING_SIDECARS: "Some sidecars have not reported this version of their rules yet.",
    Reason.AWAITING_RELAY: "The relay has not loaded this version of its configuration yet.",
    Reason.APPLY_FAILED: "The API server refused an object; the message says which and why. It is tried again.",
    Reason.RELAY_NOT_READY: "The relay refused its configuration and keeps the last good one; the message holds its error.",
    Reason.GATEWAY_DISABLED: "There is no gateway: set `gateway.enabled` in the chart's values.",
    Reason.NO_MODELS: "No ProviderFallback gives the Agent an alias, so none of its calls passes the gateway.",
    Reason.AWAITING_GATEWAY: "Some replicas of the gateway do not run this version of the plan yet.",
    Reason.PLAN_REFUSED: "The gateway's plan was refused and the last good one stays; the message holds the error.",
    Reason.GATEWAY_REFUSED: "The API server refused an object or a pod of the gateway in the policy's namespace, for example for "
    "its quota; the message says why.",
    Reason.AWAITING_DECISION: "Nobody decided yet; the message has the command.",
    Reason.DECIDER_UNKNOWN: "Nothing in the cluster checked who decided, so the decision is not passed on.",
    Reason.DECISION_LATE: "The decision does not fit the state of the run any more; the message names that state.",
    Reason.RUN_GONE: "The gateway does not know the run any more.",
    Reason.RUN_HELD: "The run's calls are refused until a person decides.",
    Reason.RUN_TAKEN_OVER: "A person works in the agent's place.",
    Reason.RUN_RESUMED: "The gateway lets the run's calls through.",
    Reason.RUN_CANCELLED: "The gateway refuses the run's calls for good.",
    Reason.RUN_FINISHED: "The run's client said that it ended.",
    Reason.HOLD_EXPIRED: "Nobody decided in time, and the gateway cancelled the run.",
    Reason.GATEWAY_UNREACHABLE: "The operator cannot read the gateway, so it does not know what is in force there.",
    Reason.GATEWAY_AWAY: "Pods cannot reach the gateway, and their model calls are refused until they can.",
    Reason.GOES_DIRECT: "Pods cannot reach the gateway, and their model calls go straight to the provider, as `onGatewayDown: "
    "Direct` says; no limit, budget or guardrail holds for them.",
    Reason.DIRECT_DENIED: "The Agent asks for `onGatewayDown: Direct`, and the platform does not allow it; `Refuse` holds.",
    Reason.PLAN_IN_FORCE: "Every replica of the gateway runs the plan, has what it needs, and has counted calls of the Agent. "
    "That is what was observed: nothing here can be probed.",
    Reason.PROBED: "As PlanInForce, and the gateway met each limit with calls of its own: it refused, held, counted or went on. "
    "Of guardrails: made-up secrets in such calls were masked, refused or reported as the policy says.",
    Reason.PROBE_FAILED: "The gateway met a limit with calls of its own, and it did not do what the plan says; see the message.",
    Reason.AWAITING_PROBE: "The gateway has not met every limit of this version with calls of its own yet.",
    Reason.STATE_STORE_DOWN: "The gateway cannot reach its state store; `onStateError` decides each call.",
    Reason.STATE_STORE_FORGETS: "The settings of the state store let it lose counts: limits hold until it does. The message says "
    "what to set.",
    Reason.UNSUPPORTED_BY_ENGINE: "The conformance suite shows that the gateway's engine does not enforce the fields named.",
    Reason.NOT_PROVEN: "No case of the conformance suite proves the fields named; they are in the plan all the same.",
    Reason.REF_NOT_FOUND: "A reference leads nowhere; that part is left out, and the rest is in force.",
    Reason.ENFORCED: "The effect was observed in the data plane.",
    Reason.CALLS_TRACED: "Spans that the gateway wrote of the Agent's model calls were stored; its own SDK sent none.",
    Reason.AWAITING_FIRST_OBSERVATION: "Nothing was observed yet.",
    Reason.BYPASSED: "A container keeps an own telemetry endpoint or model provider, so it goes around sidecar or gateway.",
    Reason.LEAKED: "A canary came through the live masking engine of a sidecar or of the gateway.",
    Reason.RULES_REFUSED: "A sidecar refused the rules and keeps its last good ones; the message holds its error.",
    Reason.NOT_COVERED: "Pods match but carry no sidecar, so nothing is enforced in them.",
    Reason.BACKEND_FAILING: "The relay cannot deliver to a backend; spans wait on its disk.",
    Reason.CREDENTIAL_MISSING: "The relay, or the gateway, does not find a credential; create the Secret that the message names.",
    Reason.HASH_KEY_MISSING: "The key of hashed placeholders is absent or unusable: Hash redacts. The message names the Secret.",
    Reason.STORAGE_FULL: "The relay's volume is full; it takes nothing until there is room, and sidecars keep what they can.",
    Reason.RELAY_UNREACHABLE: "The operator cannot read the relay, so it does not know whether the policy is in force.",
    Reason.NETWORK_POLICY_NOT_ENFORCED: "A pod whose egress is restricted reached what no NetworkPolicy allows: the cluster's "
    "network enforces none, or not on that pod's node.",
    Reason.EGRESS_WIDENED: "Another NetworkPolicy selects the pods and allows what the allow-list does not, and they add up.",
    Reason.EGRESS_NOT_ALLOWED: "The allow-list holds networks that no platform policy lets Agents list; they are left out.",
    Reason.CANARY_SILENT: "The relay's canary port answers nobody, so that a refusal in a pod proves nothing.",
    Reason.PROMETHEUS_MISSING: "No Prometheus is configured, or it does not answer, so alert rules are not known to be in force.",
    Reason.RULES_NOT_LOADED: "Prometheus does not show the rules as loaded and healthy.",
    Reason.DID_NOT_RUN: "The evaluation did not run on time; that is never a pass.",
    Reason.VERDICT_FAIL: "The last evaluation ran and failed its gate.",
    Reason.VERDICT_INCONCLUSIVE: "The last evaluation ran and could not decide.",
    Reason.ALL_PODS_INJECTED: "Every matched pod carries the sidecar.",
    Reason.POD_SKIPPED: "Pods match but are left alone on purpose: host network, opt-out, or Windows.",
    Reason.SIDECAR_REFUSED: "Pods with the sidecar were refused, so they start without it; the message says why.",
    Reason.POD_REFUSED: "New pods do not meet what the namespace or a policy demands, and are refused; the message says why.",
    Reason.NOTICE_TAKEN: "The receiver took the signed notice of the held run.",
    Reason.RECEIVER_MISSING: "The Secret of `escalation.secret` is not there, or lacks `url` or `key`; nothing is sent unsigned.",
    Reason.NOTICE_REFUSED: "The receiver refused the notice, as it does when its key is another one; the message has the status.",
    Reason.NOTICE_UNANSWERED: "The receiver did not take the notice; the message says with what, and whether it is tried again.",
    Reason.RULES_LOADED: "Prometheus shows every alert rule of the namespace as loaded and healthy.",
    Reason.READY: "Accepted and programmed.",
    Reason.PROGRESSING: "Work is under way.",
    Reason.PROGRESSING_WITH_RETRY: "A step failed and is tried again.",
    Reason.SETTLED: "Nothing is under way.",
}


class ConditionType(StrEnum):
    """Types of conditions; each is True, False or Unknown."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    ACCEPTED = "Accepted"
    PROGRAMMED = "Programmed"
    ENFORCED = "Enforced"
    COVERED = "Covered"
    ALERTING = "Alerting"
    NOTIFIED = "Notified"


STATEMENT: dict[ConditionType, str] = {
    ConditionType.READY: "Accepted and programmed; what `kubectl wait`, Flux and Argo CD look at.",
    ConditionType.RECONCILING: "Work is under way; True only while Ready is not.",
    ConditionType.STALLED: "Nothing more will happen until the object is changed.",
    ConditionType.ACCEPTED: "The object is valid, and nothing else in the cluster stands against it.",
    ConditionType.PROGRAMMED: "Every object that it needs is applied, and every consumer runs this version.",
    ConditionType.ENFORCED: "Its effect was observed in the data plane; it never drives Ready.",
    ConditionType.COVERED: "Every pod that matches carries the sidecar.",
    ConditionType.ALERTING: "Prometheus evaluates the alert rules of the namespace.",
    ConditionType.NOTIFIED: "The receiver that `escalation.secret` names took the notice; absent where none is named.",
}

_NOT_ACCEPTED = (
    Reason.INVALID,
    Reason.CONFLICTED,
    Reason.NO_POD_LABELS,
    Reason.REF_NOT_PERMITTED,
)
_NOT_PROGRAMMED = (
    Reason.APPLY_FAILED,
    Reason.RELAY_NOT_READY,
    Reason.RULES_REFUSED,
    Reason.AWAITING_SIDECARS,
    Reason.AWAITING_RELAY,
    Reason.GATEWAY_DISABLED,
    Reason.NO_MODELS,
    Reason.AWAITING_GATEWAY,
    Reason.GATEWAY_REFUSED,
    Reason.PLAN_REFUSED,
)
_GATEWAY = (
    Reason.PLAN_IN_FORCE,
    Reason.PROBED,
    Reason.PROBE_FAILED,
    Reason.AWAITING_PROBE,
    Reason.GATEWAY_DISABLED,
    Reason.NO_MODELS,
    Reason.AWAITING_GATEWAY,
    Reason.GATEWAY_REFUSED,
    Reason.PLAN_REFUSED,
    Reason.GATEWAY_UNREACHABLE,
    Reason.GATEWAY_AWAY,
    Reason.GOES_DIRECT,
    Reason.DIRECT_DENIED,
    Reason.STATE_STORE_DOWN,
    Reason.STATE_STORE_FORGETS,
    Reason.UNSUPPORTED_BY_ENGINE,
    Reason.NOT_PROVEN,
    Reason.REF_NOT_FOUND,
)

_RUN = (
    Reason.RUN_HELD,
    Reason.RUN_TAKEN_OVER,
    Reason.RUN_RESUMED,
    Reason.RUN_CANCELLED,
    Reason.RUN_FINISHED,
    Reason.HOLD_EXPIRED,
    Reason.RUN_GONE,
)

REASONS: dict[ConditionType, tuple[Reason, ...]] = {
    ConditionType.READY: (Reason.READY, *_NOT_ACCEPTED, *_NOT_PROGRAMMED),
    ConditionType.RECONCILING: (Reason.SETTLED, Reason.PROGRESSING, Reason.PROGRESSING_WITH_RETRY),
    ConditionType.STALLED: (Reason.SETTLED, *_NOT_ACCEPTED),
    ConditionType.ACCEPTED: (
        Reason.ACCEPTED,
        *_NOT_ACCEPTED,
        Reason.DECIDER_UNKNOWN,
        Reason.DECISION_LATE,
        Reason.RUN_GONE,
    ),
    ConditionType.PROGRAMMED: (
        Reason.PROGRAMMED,
        Reason.NO_PODS_MATCHED,
        Reason.NO_AGENTS_MATCHED,
        Reason.NOT_ACCEPTED,
        *_NOT_PROGRAMMED,
        Reason.AWAITING_DECISION,
        Reason.GATEWAY_UNREACHABLE,
        Reason.STATE_STORE_DOWN,
    ),
    ConditionType.ENFORCED: (
        Reason.ENFORCED,
        Reason.CALLS_TRACED,
        Reason.AWAITING_FIRST_OBSERVATION,
        Reason.AWAITING_SIDECARS,
        Reason.AWAITING_RELAY,
        Reason.NOT_ACCEPTED,
        Reason.NO_PODS_MATCHED,
        Reason.NO_AGENTS_MATCHED,
        Reason.LEAKED,
        Reason.RULES_REFUSED,
        Reason.NOT_COVERED,
        Reason.BYPASSED,
        Reason.RELAY_UNREACHABLE,
        Reason.BACKEND_NOT_ALLOWED,
        Reason.BACKEND_FAILING,
        Reason.CREDENTIAL_MISSING,
        Reason.HASH_KEY_MISSING,
        Reason.STORAGE_FULL,
        Reason.DID_NOT_RUN,
        Reason.VERDICT_FAIL,
        Reason.VERDICT_INCONCLUSIVE,
        Reason.RESTART_REQUIRED,
        Reason.NETWORK_POLICY_NOT_ENFORCED,
        Reason.EGRESS_WIDENED,
        Reason.EGRESS_NOT_ALLOWED,
        Reason.CANARY_SILENT,
        *_GATEWAY,
        *_RUN,
    ),
    ConditionType.COVERED: (
        Reason.ALL_PODS_INJECTED,
        Reason.NO_PODS_MATCHED,
        Reason.RESTART_REQUIRED,
        Reason.OUTDATED,
        Reason.POD_SKIPPED,
        Reason.SIDECAR_REFUSED,
        Reason.POD_REFUSED,
        Reason.NOT_ACCEPTED,
    ),
    ConditionType.NOTIFIED: (
        Reason.NOTICE_TAKEN,
        Reason.RECEIVER_MISSING,
        Reason.NOTICE_REFUSED,
        Reason.NOTICE_UNANSWERED,
    ),
    ConditionType.ALERTING: (
        Reason.RULES_LOADED,
        Reason.AWAITING_FIRST_OBSERVATION,
        Reason.RULES_NOT_LOADED,
        Reason.PROMETHEUS_MISSING,
    ),
}

_AT_GATEWAY = ("Agent", "ProviderFallback", "Budget", "MaskingPolicy")
_AT_SIDECAR = ("Agent", "MaskingPolicy", "TracePolicy", "EvalPolicy")
_EGRESS = ("Agent", "ProviderFallback")
_POLICIES = ("MaskingPolicy", "TracePolicy", "EvalPolicy", "ProviderFallback", "Budget")

_HOLD = "RunHold"

# Kinds on which a reason can occur; a reason that is not listed can occur on every kind that has the condition.
ONLY_ON: dict[Reason, tuple[str, ...]] = {
    Reason.CONFLICTED: ("Agent", "ProviderFallback"),
    Reason.NO_POD_LABELS: ("Agent",),
    Reason.NO_AGENTS_MATCHED: _POLICIES,
    Reason.REF_NOT_PERMITTED: _POLICIES,
    Reason.APPLY_FAILED: ("Agent",),
    Reason.RELAY_NOT_READY: ("Agent",),
    Reason.AWAITING_RELAY: ("Agent", "TracePolicy"),
    Reason.AWAITING_SIDECARS: _AT_SIDECAR,
    Reason.RULES_REFUSED: _AT_SIDECAR,
    Reason.NO_PODS_MATCHED: _AT_SIDECAR,
    Reason.RELAY_UNREACHABLE: _AT_SIDECAR,
    Reason.CALLS_TRACED: ("Agent", "TracePolicy"),
    Reason.LEAKED: ("Agent", "MaskingPolicy"),
    Reason.BACKEND_NOT_ALLOWED: ("Agent", "TracePolicy"),
    Reason.BACKEND_FAILING: ("Agent", "TracePolicy"),
    Reason.CREDENTIAL_MISSING: ("Agent", "TracePolicy", "ProviderFallback"),
    Reason.HASH_KEY_MISSING: ("Agent", "MaskingPolicy"),
    Reason.STORAGE_FULL: ("Agent", "TracePolicy"),
    Reason.ENFORCED: _AT_SIDECAR,
    Reason.DID_NOT_RUN: ("Agent", "EvalPolicy"),
    Reason.VERDICT_FAIL: ("Agent", "EvalPolicy"),
    Reason.VERDICT_INCONCLUSIVE: ("Agent", "EvalPolicy"),
    Reason.PLAN_IN_FORCE: ("ProviderFallback", "Budget"),
    Reason.PROBED: ("ProviderFallback", "Budget", "MaskingPolicy"),
    Reason.PROBE_FAILED: _AT_GATEWAY,
    Reason.AWAITING_PROBE: _AT_GATEWAY,
    Reason.GATEWAY_DISABLED: _AT_GATEWAY,
    Reason.NO_MODELS: _AT_GATEWAY,
    Reason.AWAITING_GATEWAY: _AT_GATEWAY,
    Reason.GATEWAY_REFUSED: ("Agent", "ProviderFallback"),
    Reason.PLAN_REFUSED: _AT_GATEWAY,
    Reason.GATEWAY_UNREACHABLE: (*_AT_GATEWAY, _HOLD),
    Reason.GATEWAY_AWAY: ("Agent", "ProviderFallback"),
    Reason.GOES_DIRECT: _AT_GATEWAY,
    Reason.DIRECT_DENIED: ("Agent",),
    Reason.STATE_STORE_DOWN: ("Agent", "Budget", _HOLD),
    Reason.STATE_STORE_FORGETS: ("Agent", "Budget"),
    Reason.AWAITING_DECISION: (_HOLD,),
    Reason.DECIDER_UNKNOWN: (_HOLD,),
    Reason.DECISION_LATE: (_HOLD,),
    **dict.fromkeys(_RUN, (_HOLD,)),
    Reason.UNSUPPORTED_BY_ENGINE: _AT_GATEWAY,
    Reason.NOT_PROVEN: _AT_GATEWAY,
    Reason.REF_NOT_FOUND: ("Agent", "Budget"),
    Reason.RESTART_REQUIRED: _AT_GATEWAY,
    Reason.NETWORK_POLICY_NOT_ENFORCED: _EGRESS,
    Reason.EGRESS_WIDENED: _EGRESS,
    Reason.EGRESS_NOT_ALLOWED: _EGRESS,
    Reason.CANARY_SILENT: _EGRESS,
}


def reasons(kind: str, condition: ConditionType) -> tuple[Reason, ...]:
    """The reasons that a condition of a kind can carry."""
    return tuple(reason for reason in REASONS[condition] if kind in ONLY_ON.get(reason, (kind,)))
