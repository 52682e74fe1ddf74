package admin

import (
	"time"

	"agentops.dev/dataplane/limits"
)

// amounts are what runs use, and what people grant.
type amounts struct {
	Steps     int64 `json:"steps"`
	Tokens    int64 `json:"tokens"`
	MicroUSD  int64 `json:"microUSD"`
	WallClock int64 `json:"wallClockMilliseconds"`
}

// holdView is a run that waits, in GET /v1/holds.
type holdView struct {
	Agent   string          `json:"agent"`
	Run     string          `json:"run"`
	Number  int64           `json:"number"`
	State   limits.RunState `json:"state"`
	Reason  limits.Reason   `json:"reason"`
	Limit   int64           `json:"limit"`
	Used    int64           `json:"used"`
	Budget  string          `json:"budget"`
	Since   time.Time       `json:"since"`
	Expires *time.Time      `json:"expires,omitempty"`
	Usage   amounts         `json:"usage"`
	By      string          `json:"by,omitempty"`
}

// viewHold shows a run that waits. One that was taken over waits for nothing and never expires; it may have been running
// when it was taken over, and then nothing held it.
func viewHold(r *limits.Run) holdView {
	v := holdView{Agent: r.Agent, Run: r.ID, State: r.State, Since: at(r.Waits), Usage: used(r)}
	if h := r.Held; h != nil {
		v.Number, v.Reason, v.Limit, v.Used, v.Budget = h.Number, h.Reason, h.Limit, h.Used, h.Budget
	}
	if r.State == limits.Held {
		expires := at(r.Held.Expires)
		v.Expires = &expires
	} else {
		v.By = r.DecidedBy
	}
	return v
}

// runView is a run in GET /v1/runs and in the answer to a decision.
type runView struct {
	Agent    string          `json:"agent"`
	Run      string          `json:"run"`
	State    limits.RunState `json:"state"`
	Started  time.Time       `json:"started"`
	LastCall time.Time       `json:"lastCall"`
	Usage    amounts         `json:"usage"`
	Granted  amounts         `json:"granted"`
	Hold     *lastHold       `json:"hold,omitempty"`
	Decision *lastDecision   `json:"decision,omitempty"`
}

// lastHold of a run, also after its decision.
type lastHold struct {
	Number  int64         `json:"number"`
	Reason  limits.Reason `json:"reason"`
	Limit   int64         `json:"limit"`
	Used    int64         `json:"used"`
	Budget  string        `json:"budget"`
	Since   time.Time     `json:"since"`
	Expires time.Time     `json:"expires"`
	Expired bool          `json:"expired"`
}

type lastDecision struct {
	ID   string      `json:"id"`
	Verb limits.Verb `json:"verb"`
	By   string      `json:"by"`
	Note string      `json:"note"`
	At   time.Time   `json:"at"`
}

func viewRun(r *limits.Run) runView {
	v := runView{Agent: r.Agent, Run: r.ID, State: r.State, Started: at(r.Started), LastCall: at(r.LastCall), Usage: used(r),
		Granted: amounts{r.Extra.Steps, r.Extra.Tokens, r.Extra.MicroUSD, r.Extra.WallClock}}
	if h := r.Held; h != nil {
		v.Hold = &lastHold{h.Number, h.Reason, h.Limit, h.Used, h.Budget, at(h.Since), at(h.Expires), h.Expired}
	}
	if r.Decision != "" {
		v.Decision = &lastDecision{r.Decision, r.Verb, r.DecidedBy, r.Note, at(r.Decided)}
	}
	return v
}

func used(r *limits.Run) amounts {
	return amounts{r.Steps.Used, r.Tokens.Used, r.MicroUSD.Used, r.WallClock}
}

func at(milliseconds int64) time.Time { return time.UnixMilli(milliseconds).UTC() }
