package limits

import "sync/atomic"

// Budget is an amount of one unit that may be used in one window. It is shared by all calls and never written to.
type Budget struct {
	// ID names the budget: "<namespace>/<name>" and, where one object has several, "/<entry>". What was used is kept by ID,
	// scope and window: a new limit or ladder counts on, a new ID starts at zero. At most 128 bytes of [A-Za-z0-9._:/-].
	ID     string `json:"id"`
	Unit   Unit   `json:"unit"`
	Limit  int64  `json:"limit"`
	Window Window `json:"window"`
	Mode   Mode   `json:"mode,omitempty"`
	// Ladder of at most 8 rungs. At Limit a budget in mode Enforce refuses, with or without a rung
	// that says so; a rung Block below Limit refuses there.
	Ladder []Rung `json:"ladder,omitempty"`
	// OnStateError says what happens to this budget while the store is down: default Deny.
	OnStateError OnStateError `json:"onStateError,omitempty"`
	// OnPriceUnknown says what a budget in MicroUSD does with a call whose price is not known: default Deny.
	OnPriceUnknown OnPriceUnknown `json:"onPriceUnknown,omitempty"`

	// ready is compiled at the first use: a Budget is handed around by pointer and not changed after that.
	ready atomic.Pointer[compiled]
}

// Unit of a budget.
type Unit string

// What a budget counts.
const (
	InputTokens  Unit = "InputTokens"
	OutputTokens Unit = "OutputTokens"
	TotalTokens  Unit = "TotalTokens"
	MicroUSD     Unit = "MicroUSD"
	Requests     Unit = "Requests"
)

// Mode of a budget.
type Mode string

const (
	// Enforce refuses at the limit; the default.
	Enforce Mode = "Enforce"
	// Shadow counts and reports, never refuses: what it would have refused is counted (BudgetState.WouldDeny).
	Shadow Mode = "Shadow"
)

// OnPriceUnknown says what a budget in MicroUSD does with a call without a price.
type OnPriceUnknown string

const (
	// DenyUnpriced refuses; the default.
	DenyUnpriced OnPriceUnknown = "Deny"
	// AllowUnpriced lets through and counts the call as unpriced; its cost is shown as unknown, never as zero.
	AllowUnpriced OnPriceUnknown = "Allow"
)

// Rung of a ladder: from a threshold on, something else happens. Thresholds look at what was used (estimates included) and
// not at what is reserved, so that a few large reservations change nobody's model.
type Rung struct {
	Action Action `json:"action"`
	// Percent of the limit, 1 to 100; Amount is used instead when it is set.
	Percent int64 `json:"percent,omitempty"`
	Amount  int64 `json:"amount,omitempty"`
}

// Action of a rung, from the mildest to the strongest.
type Action string

const (
	// NoAction is below every rung.
	NoAction Action = ""
	// Alert tells people.
	Alert Action = "Alert"
	// CheaperModel: the caller takes the cheaper target of the alias.
	CheaperModel Action = "CheaperModel"
	// ReadOnlyTools: the caller offers no tool that changes anything.
	ReadOnlyTools Action = "ReadOnlyTools"
	// Hold holds each run at its next call; calls without a run id are refused.
	Hold Action = "Hold"
	// Block refuses.
	Block Action = "Block"
)

// ScopeKind says whose use is added up.
type ScopeKind string

// Kinds of scopes.
const (
	AgentScope   ScopeKind = "Agent"
	SharedScope  ScopeKind = "Shared"
	TeamScope    ScopeKind = "Team"
	UseCaseScope ScopeKind = "UseCase"
	EndUserScope ScopeKind = "EndUser"
)

// Scope is one owner of a budget's use. Two charges of one budget in the same scope share one counter.
type Scope struct {
	Kind ScopeKind `json:"kind"`
	// Value names the owner; of AgentScope it is the agent, "<namespace>/<name>". Up to 512 bytes. End users are stored as a
	// hash: the store holds no name of a person.
	Value string `json:"value"`
}

// BudgetState is how one budget stands, in its unit.
type BudgetState struct {
	ID    string `json:"id"`
	Scope Scope  `json:"scope"`
	Unit  Unit   `json:"unit"`
	Mode  Mode   `json:"mode"`
	Limit int64  `json:"limit"`
	// Used is what was charged; Estimated is the part of it that nobody reported.
	Used      int64 `json:"used"`
	Estimated int64 `json:"estimated"`
	// Reserved is what calls in flight may still use, this one included once it was let through.
	Reserved int64 `json:"reserved"`
	// WouldDeny counts the calls of this window that a budget in mode Shadow would have refused.
	WouldDeny int64 `json:"wouldDeny,omitempty"`
	// Unpriced counts the calls of this window whose cost is unknown.
	Unpriced int64 `json:"unpriced,omitempty"`
	// Rung that applies: the strongest whose threshold was reached.
	Rung Action `json:"rung,omitempty"`
	// WindowID names the window, WindowStart and WindowEnd bound it in milliseconds of the Unix clock; both are zero for a
	// rolling window and for none.
	WindowID    string `json:"windowID"`
	WindowStart int64  `json:"windowStart,omitempty"`
	WindowEnd   int64  `json:"windowEnd,omitempty"`
}

// Remaining is what may still be reserved; never negative.
func (s BudgetState) Remaining() int64 { return max(0, s.Limit-s.Used-s.Reserved) }
