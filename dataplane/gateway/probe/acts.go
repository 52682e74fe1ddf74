package probe

import (
	"slices"
	"strings"

	"agentops.dev/dataplane/limits"
)

// Result says what came of a check.
type Result string

// Observed: the limit did what the plan says. NotObserved: it did not, three times in a row. Waiting: nothing could be seen yet.
const (
	Observed    Result = "Observed"
	NotObserved Result = "NotObserved"
	Waiting     Result = "Waiting"
)

// Outcome of one check.
type Outcome struct {
	Result Result
	// Said is what was seen, in words.
	Said string
}

func (t *twin) end(r Result, said string) {
	if t.found == nil {
		t.found = &Outcome{r, said}
	}
}

func (t *twin) waits(why string) { t.end(Waiting, why) }

// cannotTell are codes that say nothing about a limit.
var cannotTell = []string{"state_unavailable", "internal", "draining", "plan_missing", "request_too_large"}

// pass makes a call that must be answered.
func (t *twin) pass(run, prompt string) {
	if t.found != nil {
		return
	}
	if code := t.call(run, prompt).code(); slices.Contains(cannotTell, code) {
		t.waits(code)
	} else if code != "" {
		t.end(NotObserved, "a call within the limit was refused: "+code)
	}
}

// spend makes a call that is answered and reaches the limit, or is refused because nothing of its size fits below it.
func (t *twin) spend(run string, codes ...string) {
	if t.found != nil {
		return
	}
	code := t.call(run, alias).code()
	switch {
	case code == "":
	case slices.Contains(codes, code):
		t.end(Observed, code)
	case slices.Contains(cannotTell, code):
		t.waits(code)
	default:
		t.end(NotObserved, "the first call was refused: "+code)
	}
}

// meet makes the call that must be refused.
func (t *twin) meet(run, prompt string, codes ...string) {
	if t.found != nil {
		return
	}
	code := t.call(run, prompt).code()
	switch {
	case slices.Contains(codes, code):
		t.end(Observed, code)
	case slices.Contains(cannotTell, code):
		t.waits(code)
	case code == "":
		t.end(NotObserved, "a call past the limit was answered")
	default:
		t.end(NotObserved, "a call past the limit was refused with "+code+", not with "+strings.Join(codes, " or "))
	}
}

// move goes towards the limit without calls.
func (t *twin) move(run string, by limits.Progress) {
	if t.found != nil || by == (limits.Progress{}) || t.all == nil {
		return
	}
	call := *t.all
	call.Run = run
	if err := t.books.Advance(t.ctx, &call, by); err != nil {
		t.waits("the state store is away")
	}
}

// counts makes a call that a budget in mode Shadow lets pass and counts.
func (t *twin) counts() {
	t.pass("", alias)
	switch v := t.books.last; {
	case t.found != nil:
	case v != nil && len(v.Budgets) > 0 && v.Budgets[0].WouldDeny > 0:
		t.end(Observed, "counted")
	default:
		t.end(NotObserved, "a call past the limit was not counted")
	}
}
