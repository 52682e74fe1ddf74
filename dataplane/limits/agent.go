package limits

import "time"

// AgentLimits bound one agent and each of its runs. Zero means no limit, in each field.
type AgentLimits struct {
	// Run bounds each run by itself.
	Run RunLimits `json:"run"`
	// RunsAtOnce is how many runs may be active: a run is, from its first call until it was idle for RunIdle, ended or was
	// held.
	RunsAtOnce int64 `json:"runsAtOnce,omitempty"`
	// NewRunsPerMinute bounds run ids never seen before, in any 60 seconds.
	NewRunsPerMinute int64 `json:"newRunsPerMinute,omitempty"`
	// RequestsPerMinute in any 60 seconds, counted when the call starts.
	RequestsPerMinute int64 `json:"requestsPerMinute,omitempty"`
	// TokensPerMinute in any 60 seconds: reserved ones while a call is in flight, used ones after it.
	TokensPerMinute int64 `json:"tokensPerMinute,omitempty"`
	// Concurrency is the number of calls in flight.
	Concurrency int64 `json:"concurrency,omitempty"`
	// RequireRun refuses calls without a run id (NoRunIdentity).
	RequireRun bool `json:"requireRun,omitempty"`
	// RunIdle: default 10 minutes.
	RunIdle time.Duration `json:"runIdle,omitempty"`
	// RunKeep is how long a run is remembered after its last call: default 24 hours.
	RunKeep time.Duration `json:"runKeep,omitempty"`
	// HoldExpiry is how long a held run waits for a person before it is cancelled: default 24 hours.
	HoldExpiry time.Duration `json:"holdExpiry,omitempty"`
	// OnStateError says what happens to these limits while the store is down.
	OnStateError OnStateError `json:"onStateError,omitempty"`
}

// RunLimits bound one run.
type RunLimits struct {
	Steps    Bound `json:"steps"`
	Tokens   Bound `json:"tokens"`
	MicroUSD Bound `json:"microUSD"`
	// WallClock in milliseconds since the run's first call; time that the run was held does not count.
	WallClock Bound `json:"wallClock"`
	// Identical is the number of identical calls in a row that is one too many: with 3, the third is not made. At most 64.
	Identical Bound `json:"identical"`
	// NoProgress looks further back than Identical.
	NoProgress NoProgress `json:"noProgress"`
}

// Bound is a limit and what happens at it.
type Bound struct {
	// Max that may be used; zero is no limit.
	Max int64 `json:"max,omitempty"`
	// Action at the limit: refuse the call, or hold the run for a person.
	Action LimitAction `json:"action,omitempty"`
}

// NoProgress stops a run that goes in circles: among the last Window calls there are no more than Distinct different ones.
type NoProgress struct {
	// Window is at most 64; zero turns it off.
	Window   int64       `json:"window,omitempty"`
	Distinct int64       `json:"distinct,omitempty"`
	Action   LimitAction `json:"action,omitempty"`
}

// LimitAction is what happens to a run at one of its limits.
type LimitAction string

const (
	// Refuse the call; the run goes on with calls that fit. The default.
	Refuse LimitAction = "Refuse"
	// HoldRun holds the run until a person decides.
	HoldRun LimitAction = "Hold"
)

// OnStateError says whether calls pass while the store is down.
type OnStateError string

const (
	// DenyWithoutStore refuses; the default.
	DenyWithoutStore OnStateError = "Deny"
	// AllowWithoutStore lets through, counts locally and settles as estimated when the store is back.
	AllowWithoutStore OnStateError = "Allow"
)
