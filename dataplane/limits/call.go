package limits

import "time"

// Call is one model call before it is made: who makes it, the most it can use, and every limit that it is under.
type Call struct {
	// ID names the call; at most 128 bytes of [A-Za-z0-9._:/-]. Reserve, Commit and Release are idempotent by it.
	ID string
	// Agent is "<namespace>/<name>", from the verified identity and never from the client.
	Agent string
	// Run is the run that the call belongs to, at most 128 bytes of [A-Za-z0-9._:/-]; it counts within the agent only, so
	// that a forged id harms nobody else. Empty: no run identity, and only the limits of the agent apply.
	Run string
	// Fingerprint is a hash of what makes two calls of a run the same call (for a chat: model, last messages, tool calls).
	// Zero is not compared.
	Fingerprint uint64
	// Most is what the call can use at most: the input and the clamped maximum of the output, with their price.
	Most Amounts
	// Timeout is the time after which the reservation counts as orphaned. Choose it longer than the longest stream.
	Timeout time.Duration
	// Limits of the agent; nil for none.
	Limits *AgentLimits
	// Charges are the budgets that apply, any number of them.
	Charges []Charge
	// ForPerson asks a person in the agent's place: it passes while the run is TakenOver, past the limits of the run, and is
	// refused with RunResumed when it is not. What it uses counts like any other call's.
	ForPerson bool
	// Plan names what holds for the agent just now, at most 512 bytes: Verdict.PlanBefore tells when it changed between two
	// calls of a run. Empty is not compared.
	Plan string
}

// Amounts of one call. A call is always one request and one step.
type Amounts struct {
	InputTokens  int64 `json:"inputTokens"`
	OutputTokens int64 `json:"outputTokens"`
	// MicroUSD is the cost in millionths of a dollar, rounded up.
	MicroUSD int64 `json:"microUSD"`
	// PriceUnknown says that MicroUSD is not known. Budgets in USD then do as their OnPriceUnknown says and count the call
	// as unpriced.
	PriceUnknown bool `json:"priceUnknown,omitempty"`
}

// Usage is what a call has used. Estimated marks a figure that the provider did not report.
type Usage struct {
	Amounts
	Estimated bool `json:"estimated,omitempty"`
}

// Charge applies a Budget to a call. One Budget can be charged in several scopes, as for each end user.
type Charge struct {
	Budget *Budget
	Scope  Scope
}

// Receipt is what a Commit left behind.
type Receipt struct {
	// Late says that the reservation had been swept as orphaned before: the charge was corrected.
	Late bool
	// Duplicate says that the call was settled before; nothing changed.
	Duplicate bool
	// Budgets after the charge, in the order of Call.Charges.
	Budgets []BudgetState
	// Events that this charge caused.
	Events []Event
}
