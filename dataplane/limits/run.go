package limits

// Run is one run of an agent.
type Run struct {
	ID    string `json:"id"`
	Agent string `json:"agent"`
	RunUsage
	// Started and LastCall in milliseconds of the store's clock.
	Started  int64 `json:"started"`
	LastCall int64 `json:"lastCall"`
	// Extra is what people granted beyond the limits.
	Extra Extension `json:"extra"`
	// Waits is since when the run is held or taken over, in milliseconds of the store's clock; what it was last if it is not.
	Waits int64 `json:"waits,omitempty"`
	// Held is the last hold, also after its decision; nil if the run was never held.
	Held *RunHold `json:"held,omitempty"`
	// Decision, Verb, DecidedBy, Note and Decided (milliseconds of the store's clock) are of the last decision.
	Decision  string `json:"decision,omitempty"`
	Verb      Verb   `json:"verb,omitempty"`
	DecidedBy string `json:"decidedBy,omitempty"`
	Note      string `json:"note,omitempty"`
	Decided   int64  `json:"decided,omitempty"`
	// From is the state before the decision that returned this; empty when the decision changed nothing.
	From RunState `json:"-"`
}

// RunState of a run.
type RunState string

const (
	Running RunState = "Running"
	// Held: every call is refused until a person decides or the hold expires.
	Held RunState = "Held"
	// TakenOver: a person works in the agent's place; its calls are refused.
	TakenOver RunState = "TakenOver"
	// Cancelled by a person, or because its hold expired. Final.
	Cancelled RunState = "Cancelled"
	// Finished was said by the caller; a further call makes it Running again.
	Finished RunState = "Finished"
)

// RunHold is why and since when a run waits.
type RunHold struct {
	// Number counts the holds of the run from 1: a decision names the hold that it decides.
	Number int64  `json:"number"`
	Reason Reason `json:"reason"`
	Limit  int64  `json:"limit"`
	Used   int64  `json:"used"`
	// Budget is the ID of the budget whose rung Hold was reached, for BudgetHold.
	Budget string `json:"budget,omitempty"`
	// Since and Expires in milliseconds of the store's clock.
	Since   int64 `json:"since"`
	Expires int64 `json:"expires"`
	// Expired says that nobody decided in time.
	Expired bool `json:"expired,omitempty"`
}

// Extension is what a person grants a run beyond its limits. Grants add up.
type Extension struct {
	Steps    int64 `json:"steps,omitempty"`
	Tokens   int64 `json:"tokens,omitempty"`
	MicroUSD int64 `json:"microUSD,omitempty"`
	// WallClock in milliseconds.
	WallClock int64 `json:"wallClock,omitempty"`
}

// Decision of a person about a run.
type Decision struct {
	// ID makes the decision idempotent: of a run's last eight ones none is applied twice. Required, at most 128 bytes.
	ID   string
	Verb Verb
	// Hold is the number of the hold that is decided; zero decides whatever there is.
	Hold int64
	// More is granted with Resume. Without it a run that still is at its limit is held again at its next call. A run that a
	// budget's rung held passes that rung for the rest of the window in any case.
	More Extension
	// By and Note are kept with the run, at most 256 bytes each.
	By, Note string
	// Limits of the agent, for how long a run that is held waits and is remembered; nil for the defaults.
	Limits *AgentLimits
}

// Verb of a decision.
type Verb string

const (
	// HoldNow holds a running run.
	HoldNow Verb = "Hold"
	// Resume a held run or one that was taken over.
	Resume Verb = "Resume"
	// TakeOver a running or held run.
	TakeOver Verb = "TakeOver"
	// Cancel a run for good.
	Cancel Verb = "Cancel"
	// Finish says that the run has ended by itself: it no longer counts among the runs at once.
	Finish Verb = "Finish"
)

// ByPerson is the reason of a hold that a person began.
const ByPerson Reason = "ByPerson"

// Page of runs, newest first.
type Page struct {
	Runs []Run
	// Next is the cursor of the next page; empty at the end.
	Next string
	// Expired are runs that were found to have been held too long: they are Cancelled since this look. Each is told once.
	Expired []Run
}
