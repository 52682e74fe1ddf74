"""The alerts on budgets, providers and the gateway. Without a gateway none of their series exists, and none fires."""

from agentops_operator.agent.alert import CRITICAL, INFO, WARNING, Alert, Recording
from agentops_operator.agent.holds.record import MOST_OPEN

USED = 'max by (namespace, budget, scope) (agentops_budget_used_ratio{namespace="<ns>"})'
# max, not sum: during a hand-over of leadership two operator pods show the same gauge for a moment.
SCOPE = "{{ $labels.namespace }}/{{ $labels.budget }} (scope {{ $labels.scope }})"
HOLD = "namespace, agent, hold, run, reason, limit, link"
AGENT = "{{ $labels.k8s_namespace_name }}/{{ $labels.dev_agentops_agent }}"
BY_CALLER = "k8s_namespace_name, dev_agentops_agent, gen_ai_request_model"

BY_BUDGET = "max by (namespace, budget, scope)"
RATIO = 'agentops_budget_used_ratio{namespace="<ns>"}'
# Told for a whole namespace and not for each budget: budgets come and go, and rules that follow them would be loaded anew.
RECORDINGS: tuple[Recording, ...] = (
    Recording("agentops:budget_used_ratio:delta10m", f"{BY_BUDGET} (delta({RATIO}[10m]))"),
    Recording("agentops:budget_used_ratio:delta1h", f"{BY_BUDGET} (delta({RATIO}[1h]))"),
    Recording("agentops:budget_used_ratio:in4h", f"{BY_BUDGET} (predict_linear({RATIO}[1h], 14400))"),
)

TENANT: tuple[Alert, ...] = (
    Alert(
        "AgentOpsBudgetExhausted",
        f"{USED} >= 1",
        "0m",
        WARNING,
        f"Budget {SCOPE} is used up",
        "Its Agents' calls are refused until the window ends (mode Enforce), or would be (Shadow). `kubectl get budgets -n "
        "{{ $labels.namespace }}` shows who used most; raise spec.limit, or find the Agent that burns it.",
    ),
    Alert(
        "AgentOpsBudgetStep",
        'max by (namespace, budget, scope, step) (agentops_budget_step{namespace="<ns>"}) > 0',
        "0m",
        INFO,
        f"Budget {SCOPE} reached its step {{{{ $labels.step }}}}",
        "The step holds until the window ends: Alert tells only, CheaperModel leads aliases elsewhere, ReadOnlyTools takes tools "
        "out, Hold makes runs wait for a person, Block refuses. `agentops budget -n {{ $labels.namespace }}` shows whose.",
    ),
    Alert(
        "AgentOpsRunHeld",
        f'max by ({HOLD}) (agentops_run_hold_cost_usd{{namespace="<ns>"}})',
        "0m",
        WARNING,
        "Run {{ $labels.run }} of Agent {{ $labels.namespace }}/{{ $labels.agent }} waits for a person: {{ $labels.reason }}, "
        "limit {{ $labels.limit }}, {{ $value }} USD so far",
        "Its calls are refused until somebody decides, and a hold that expires cancels the run. `kubectl get runhold "
        "{{ $labels.hold }} -n {{ $labels.namespace }}` shows expiry and use; `agentops run resume {{ $labels.hold }} -n "
        "{{ $labels.namespace }} --steps 10`, `takeover` and `cancel` decide. docs/holds.md tells who may. {{ $labels.link }}",
    ),
    Alert(
        "AgentOpsRunsHeld",
        f'max by (namespace, agent) (agentops_held_runs{{namespace="<ns>", state="Held"}}) > {MOST_OPEN}',
        "0m",
        WARNING,
        "{{ $value }} runs of Agent {{ $labels.namespace }}/{{ $labels.agent }} wait for a person",
        "That is more than get a record, so some cannot be decided on yet: a loop starts runs. Set "
        "spec.execution.newRunsPerMinute, or stop the workload; holds that expire cancel their runs.",
    ),
    Alert(
        "AgentOpsBudgetForecast",
        f'{USED} < 1 and agentops:budget_used_ratio:in4h{{namespace="<ns>"}} >= 1',
        "15m",
        WARNING,
        f"Budget {SCOPE} will be used up within four hours at the pace of the last hour",
        "Look which Agent uses it: `sum by (dev_agentops_agent) (rate(agentops_gateway_cost_usd_total[1h]))`. A step "
        "CheaperModel in the budget's ladder slows it down before it blocks.",
    ),
    Alert(
        "AgentOpsBudgetBurn",
        'agentops:budget_used_ratio:delta1h{namespace="<ns>"} > 0.25 '
        'and agentops:budget_used_ratio:delta10m{namespace="<ns>"} > 0.05',
        "5m",
        CRITICAL,
        f"Budget {SCOPE} burns: {{{{ $value }}}} of its limit in an hour, and still at it",
        "One Agent in a loop is the usual cause. Set spec.execution.run limits on it, or stop its workload; the budget's own "
        "ladder goes on meanwhile.",
    ),
    Alert(
        "AgentOpsFallbackEngaged",
        f'sum by ({BY_CALLER}) (increase(agentops_gateway_fallbacks_total{{k8s_namespace_name="<ns>"}}[10m])) > 0',
        "5m",
        INFO,
        f"Calls of Agent {AGENT} to alias {{{{ $labels.gen_ai_request_model }}}} are answered by another target than the first",
        "Agents go on; answers may cost more or read differently. AgentOpsProviderDegraded names the provider that fails.",
    ),
    Alert(
        "AgentOpsCallsGoDirect",
        'sum by (namespace, agent) (increase(agentops_calls_direct_total{namespace="<ns>"}[10m])) > 0',
        "0m",
        WARNING,
        "{{ $value }} model calls of Agent {{ $labels.namespace }}/{{ $labels.agent }} went past the gateway",
        "The gateway could not be reached and the Agent says `onGatewayDown: Direct`: no limit, budget or guardrail held for "
        "them. Look at Deployment agentops-gateway in the operator's namespace, and at network policies of this one.",
    ),
    Alert(
        "AgentOpsCostUnknown",
        f'sum by ({BY_CALLER}) (increase(agentops_gateway_unpriced_calls_total{{k8s_namespace_name="<ns>"}}[1h])) > 0',
        "15m",
        INFO,
        f"The cost of calls of Agent {AGENT} to alias {{{{ $labels.gen_ai_request_model }}}} is unknown",
        "Budgets in USD do not see them. `status.unpriced` of the ProviderFallback names the targets: give each a price.",
    ),
)

PLATFORM: tuple[Alert, ...] = (
    Alert(
        "AgentOpsGatewayUnreachable",
        "max(agentops_gateway_reachable) == 0",
        "10m",
        CRITICAL,
        "No replica of the gateway answers",
        "Model calls that go through it fail. Look at Deployment agentops-gateway in the operator's namespace, and its log.",
    ),
    Alert(
        "AgentOpsGatewayPlanRefused",
        "max(agentops_gateway_plan_refused) == 1",
        "5m",
        CRITICAL,
        "A replica of the gateway refuses its plan and runs an older one",
        "New limits and aliases have no effect. The condition Programmed=False, PlanRefused of the policies holds the error; it "
        "is a fault of the operator, which must not write such a plan.",
    ),
    Alert(
        "AgentOpsLimitNotHeld",
        'max(agentops_gateway_probe_checks{result="NotObserved"}) > 0',
        "2m",
        CRITICAL,
        "{{ $value }} limits of the gateway's plan did not hold when they were probed",
        "Calls past them are answered, or nobody takes over from a provider that fails. The condition Enforced=False, "
        "ProbeFailed names the policies and the limits; it is a fault of the gateway or its state store, not of the policies.",
    ),
    Alert(
        "AgentOpsLimitsNotProbed",
        "max(agentops_gateway_probe_oldest_seconds) > 7200",
        "10m",
        WARNING,
        "Evidence that a limit of the gateway holds is {{ $value }} seconds old",
        "Conditions still say what was seen then. A state store that is away is the usual cause; a replica that is starved of "
        "CPU is another.",
    ),
    Alert(
        "AgentOpsStateStoreDown",
        "min(agentops_gateway_state_store_up) == 0",
        "2m",
        CRITICAL,
        "The gateway cannot reach its state store",
        "Budgets and limits cannot be counted: calls are refused or let through as onStateError says. Look at StatefulSet "
        "agentops-store, or at the external store of gateway.store.",
    ),
    Alert(
        "AgentOpsStateStoreForgets",
        "max(agentops_gateway_state_store_forgets) > 0",
        "10m",
        WARNING,
        "The settings of the gateway's state store let it lose counts",
        "Budgets and runs begin anew after a restart, or when the store's memory is full. The condition Enforced of the policies "
        "names the setting: maxmemory-policy noeviction, appendonly yes and appendfsync always are what limits need.",
    ),
    Alert(
        "AgentOpsProviderDegraded",
        'sum by (target) (rate(agentops_gateway_attempts_total{class!="Answered"}[10m])) '
        "/ sum by (target) (rate(agentops_gateway_attempts_total[10m])) > 0.2",
        "5m",
        WARNING,
        "A share of {{ $value }} of the calls to target {{ $labels.target }} fails",
        "Other targets of the alias answer where there are any. The provider's status page, the key's quota and the target's "
        "timeout are where to look.",
    ),
)
