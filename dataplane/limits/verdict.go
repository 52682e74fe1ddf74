package limits

import "time"

// Verdict is the answer to Reserve.
type Verdict struct {
	// Denial is nil when the call may be made.
	Denial *Denial
	// Reservation is nil when it may not.
	Reservation *Reservation
	// Action is the strongest that applies over all budgets in mode Enforce: what the caller must do about model and tools.
	Action Action
	// Binding is the index in Budgets of the budget that binds: the one that refuses, else the one that Action comes from,
	// else the one in mode Enforce with the least left. -1 without any.
	Binding int
	// Budgets in the order of Call.Charges. Empty when the agent's own limits refused.
	Budgets []BudgetState
	// WouldDeny says that a budget in mode Shadow would have refused.
	WouldDeny bool
	// Run after this call was counted; nil without a run id.
	Run *RunUsage
	// Events that this call caused: each first reached rung once a window, and holds that began.
	Events []Event
	// Duplicate says that this Call.ID holds a reservation already; nothing was counted again.
	Duplicate bool
	// From is the run's state before this call; empty when the call began it.
	From RunState
	// Retry says that this call repeats one that failed; nil if it does not.
	Retry *Retry
	// PlanBefore is the Call.Plan of the run's last call, where it was another.
	PlanBefore string
}

// Retry of a step that failed.
type Retry struct {
	// Number of failures of this step before.
	Number int64 `json:"number"`
	// Failure is the word that the last of them was settled with.
	Failure string `json:"failure"`
}

// RunUsage is what a run has used so far and what its calls in flight may still use.
type RunUsage struct {
	State    RunState `json:"state"`
	Steps    Counter  `json:"steps"`
	Tokens   Counter  `json:"tokens"`
	MicroUSD Counter  `json:"microUSD"`
	// WallClock in milliseconds since the first call, without the time that the run was held.
	WallClock int64 `json:"wallClock"`
}

// Counter is used (of which estimated) and reserved.
type Counter struct {
	Used      int64 `json:"used"`
	Estimated int64 `json:"estimated,omitempty"`
	Reserved  int64 `json:"reserved,omitempty"`
}

// Denial says why a call is not made.
type Denial struct {
	Reason Reason `json:"reason"`
	// Limit and Used, in the unit of the reason (steps, tokens, micro-USD, milliseconds, calls, runs); Reserved is in flight.
	Limit    int64 `json:"limit,omitempty"`
	Used     int64 `json:"used,omitempty"`
	Reserved int64 `json:"reserved,omitempty"`
	// RetryAfter is the time after which the same call may pass; zero when time alone does not help.
	RetryAfter time.Duration `json:"retryAfter,omitempty"`
	// Budget that refuses, for the budget reasons.
	Budget *BudgetState `json:"budget,omitempty"`
	// Held is set when the run is held, taken over or was cancelled, with what began it.
	Held *RunHold `json:"held,omitempty"`
}

// Remaining is what a smaller call could still reserve: clamp to it and try again with a new Call.ID.
func (d Denial) Remaining() int64 { return max(0, d.Limit-d.Used-d.Reserved) }

// Reason is the stable word for a denial.
type Reason string

// Reasons of a run.
const (
	MaxSteps       Reason = "MaxSteps"
	MaxTokens      Reason = "MaxTokens"
	MaxCost        Reason = "MaxCost"
	MaxWallClock   Reason = "MaxWallClock"
	IdenticalCalls Reason = "IdenticalCalls"
	NoProgressMade Reason = "NoProgress"
	// RunHeld: a person has to decide; Denial.Held says what about.
	RunHeld Reason = "RunHeld"
	// RunTakenOver: a person answers in the agent's place.
	RunTakenOver Reason = "RunTakenOver"
	RunCancelled Reason = "RunCancelled"
	// RunResumed: Call.ForPerson, and no person has the run (any more). Ask without it.
	RunResumed Reason = "RunResumed"
)

// Reasons of an agent.
const (
	NoRunIdentity     Reason = "NoRunIdentity"
	RunsAtOnce        Reason = "RunsAtOnce"
	NewRunsPerMinute  Reason = "NewRunsPerMinute"
	RequestsPerMinute Reason = "RequestsPerMinute"
	TokensPerMinute   Reason = "TokensPerMinute"
	Concurrency       Reason = "Concurrency"
	// TooManyRuns: the agent has as many held or running runs as are remembered at most (Options.RunsKept).
	TooManyRuns Reason = "TooManyRuns"
)

// Reasons of a budget.
const (
	// BudgetExhausted: what was used leaves no room for this call in this window.
	BudgetExhausted Reason = "BudgetExhausted"
	// BudgetInFlight: there is room once calls in flight are settled; try again soon.
	BudgetInFlight Reason = "BudgetInFlight"
	// BudgetTooSmall: the call alone is larger than the budget; no window will hold it.
	BudgetTooSmall Reason = "BudgetTooSmall"
	// BudgetHold: the rung Hold was reached and the call has no run that could be held.
	BudgetHold Reason = "BudgetHold"
	// PriceUnknown: a budget in USD, and the call has no price.
	PriceUnknown Reason = "PriceUnknown"
)

// Other reasons.
const (
	// DuplicateCall: this Call.ID was settled before.
	DuplicateCall Reason = "DuplicateCall"
	// StateStoreDown: made by Call.WithoutStore.
	StateStoreDown Reason = "StateStoreDown"
)

// Event is something that happened for the first time: in the window of a budget, or to a run.
type Event struct {
	Kind EventKind `json:"kind"`
	// Budget and Action for rungs.
	Budget *BudgetState `json:"budget,omitempty"`
	Action Action       `json:"action,omitempty"`
	// Agent and Run of the call that caused it.
	Agent string `json:"agent"`
	Run   string `json:"run,omitempty"`
	// Held for holds.
	Held *RunHold `json:"held,omitempty"`
}

// EventKind is the stable word for an event.
type EventKind string

const (
	// RungReached: use passed a rung's threshold.
	RungReached EventKind = "RungReached"
	// BudgetRefused: the budget refused its first call of the window.
	BudgetRefused EventKind = "BudgetRefused"
	// BudgetWouldRefuse: the same in mode Shadow.
	BudgetWouldRefuse EventKind = "BudgetWouldRefuse"
	// HoldBegan: the run was held.
	HoldBegan EventKind = "HoldBegan"
)
