package plan

// Agent is what holds for the calls of one agent.
type Agent struct {
	Team    string `json:"team"`
	UseCase string `json:"useCase"`
	Release string `json:"release,omitempty"`
	// ServiceAccountName: only tokens of this account are the agent; empty: any of its namespace.
	ServiceAccountName string `json:"serviceAccountName,omitempty"`
	// Models is alias -> route. What is not in it does not exist for the agent.
	Models map[string]string `json:"models"`
	// MaxOutputTokens bounds the answer of every call; it is written into the request.
	MaxOutputTokens int64     `json:"maxOutputTokens"`
	Execution       Execution `json:"execution"`
	// Budgets all apply.
	Budgets []string `json:"budgets"`
	// ReadOnlyTools are the names of tools that stay when a budget steps down to read-only tools.
	ReadOnlyTools []string   `json:"readOnlyTools,omitempty"`
	Guardrails    Guardrails `json:"guardrails"`
	// OnUnknownPrice says what happens to a call whose cost no price is known for, where a limit is in USD.
	OnUnknownPrice Verdict `json:"onUnknownPrice"`
	// OnGatewayDown is for the forwarder beside the agent; the gateway does not look at it.
	OnGatewayDown Down `json:"onGatewayDown"`
}

// Guardrails name entries of Plan.Guardrails, in the order in which they are applied.
type Guardrails struct {
	Input  []string `json:"input"`
	Output []string `json:"output"`
}

// Execution limits what runs use. 0 or absent: no such limit.
type Execution struct {
	// RequireRunID refuses calls that name no run.
	RequireRunID bool `json:"requireRunId"`
	// Run limits apply to each run.
	Run RunLimits `json:"run"`
	// ConcurrentRuns, NewRunsPerMinute, ConcurrentCalls, CallsPerMinute and TokensPerMinute apply to the agent.
	ConcurrentRuns   int64 `json:"concurrentRuns,omitempty"`
	NewRunsPerMinute int64 `json:"newRunsPerMinute,omitempty"`
	ConcurrentCalls  int64 `json:"concurrentCalls,omitempty"`
	CallsPerMinute   int64 `json:"callsPerMinute,omitempty"`
	TokensPerMinute  int64 `json:"tokensPerMinute,omitempty"`
	// RunIdleSeconds after its last call a run counts as ended.
	RunIdleSeconds int64 `json:"runIdleSeconds,omitempty"`
	// HoldExpirySeconds is how long a held run waits for a person before it is cancelled.
	HoldExpirySeconds int64 `json:"holdExpirySeconds,omitempty"`
	// TakeOverRoute answers the calls of a run while a person has taken it over: the person's own endpoint. Empty: they are
	// refused.
	TakeOverRoute string `json:"takeOverRoute,omitempty"`
	// StreamSeconds and StreamTokens end one streamed answer.
	StreamSeconds int64 `json:"streamSeconds,omitempty"`
	StreamTokens  int64 `json:"streamTokens,omitempty"`
	// OnStateError says what happens while the state store is away.
	OnStateError Verdict `json:"onStateError"`
}

// RunLimits are the limits of one run, each with what happens when it is reached.
type RunLimits struct {
	Steps    *Limit `json:"steps,omitempty"`
	Tokens   *Limit `json:"tokens,omitempty"`
	MicroUSD *Limit `json:"microUSD,omitempty"`
	Seconds  *Limit `json:"seconds,omitempty"`
	// IdenticalCalls in a row make a loop.
	IdenticalCalls *Limit      `json:"identicalCalls,omitempty"`
	NoProgress     *NoProgress `json:"noProgress,omitempty"`
}

// NoProgress is a run that goes in circles: among its last Calls there are no more than Distinct different ones.
type NoProgress struct {
	Calls    int64       `json:"calls"`
	Distinct int64       `json:"distinct"`
	Action   LimitAction `json:"action"`
}

// Limit is a number and what happens to the call that would go past it.
type Limit struct {
	Max    int64       `json:"max"`
	Action LimitAction `json:"action"`
}
