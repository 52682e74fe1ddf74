package probe

import (
	"fmt"
	"strings"

	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/limits"
)

// ended are the ways in which a budget refuses a call that names no run.
var ended = []string{"budget_exhausted", "budget_too_small", "budget_hold"}

// smallest is what a call of the twin reserves at most, in tokens; with less left, no step below the limit can be seen.
const smallest = 64

// withTools is the same of a call with two tools.
const withTools = 2 * smallest

// ofBudget lists what can be checked of a budget: its end, and the step down to a cheaper model.
func ofBudget(b plan.Budget) []*check {
	if b.Limit > counted {
		return nil
	}
	twins := b
	twins.OnStateError, twins.Ladder = plan.Deny, nil
	for _, step := range b.Ladder {
		if step.Models != nil {
			step.Models = map[string]string{alias: "cheaper"}
		}
		twins.Ladder = append(twins.Ladder, step)
	}
	price := int64(million)
	if b.Unit == plan.MicroUSD {
		price = priceFor(b.Limit)
	}
	made := func(name string) *plan.Plan {
		return planOf(agentPlan{name: name, execution: plan.Execution{OnStateError: plan.Deny}, budget: &twins, price: price})
	}
	end := atEnd(b)
	found := []*check{newCheck("budgets.*.limit", twins, func(t *twin) { t.exhaust(twins, end) }, made)}
	rung := func(action plan.StepAction, field string, tokens int64, look func(*twin)) {
		room := tokens * price / million
		if b.Unit == plan.Requests {
			room = 1
		}
		if at, ok := reachedAt(b, action); ok && b.Mode == plan.Enforce && end-at >= room {
			found = append(found, newCheck(field, twins, func(t *twin) { t.climb(twins, at, look) }, made))
		}
	}
	rung(plan.CheaperModel, "budgets.*.ladder[].models", smallest, (*twin).stepDown)
	rung(plan.ReadOnlyTools, "budgets.*.ladder[].action=ReadOnlyTools", withTools, (*twin).readOnly)
	return found
}

// climb uses as much as a rung is at, and looks what the next call is like.
func (t *twin) climb(b plan.Budget, at int64, look func(*twin)) {
	t.use(b, at)
	t.model.reports(1, 1)
	if t.found == nil {
		look(t)
	}
}

// reachedAt is the use at which the ladder first does something.
func reachedAt(b plan.Budget, action plan.StepAction) (int64, bool) {
	for _, step := range b.Ladder {
		if step.Action == action {
			return share(b.Limit, step.AtPercent), true
		}
	}
	return 0, false
}

// atEnd is the use from which on no call is made.
func atEnd(b plan.Budget) int64 {
	end := b.Limit
	for _, step := range b.Ladder {
		if step.Action == plan.BlockCalls || step.Action == plan.HoldRun && b.Mode == plan.Enforce {
			end = min(end, share(b.Limit, step.AtPercent))
		}
	}
	return end
}

func share(limit, percent int64) int64 { return limit/100*percent + (limit%100*percent+99)/100 }

// use brings the budget's use to an amount.
func (t *twin) use(b plan.Budget, amount int64) {
	switch b.Unit {
	case plan.Requests:
		t.pass("", alias)
		if amount > 1 {
			t.move("", limits.Progress{Requests: amount - 2})
			t.pass("", alias)
		}
		return
	case plan.OutputTokens:
		t.model.reports(1, amount)
	case plan.MicroUSD:
		each := priceFor(b.Limit) / million
		t.model.reports((amount+each-1)/each, 1)
	default:
		t.model.reports(amount, 1)
	}
	if b.Mode == plan.Shadow {
		t.pass("", alias)
	} else {
		t.spend("", ended...)
	}
}

// exhaust uses the budget up.
func (t *twin) exhaust(b plan.Budget, end int64) {
	t.use(b, end)
	if b.Mode == plan.Shadow {
		t.counts()
		return
	}
	t.meet("", alias, ended...)
}

// stepDown looks who answers.
func (t *twin) stepDown() {
	a := t.call("", alias)
	asked := t.model.targets()
	switch {
	case a.code() != "":
		t.end(Waiting, a.code())
	case strings.HasPrefix(asked[len(asked)-1], "1."):
		t.end(Observed, "the cheaper model answered")
	default:
		t.end(NotObserved, "the cheaper model was not asked")
	}
}

// readOnly looks which of two tools the model gets.
func (t *twin) readOnly() {
	tool := `{"type":"function","function":{"name":"%s","parameters":{"type":"object"}}}`
	tools := fmt.Sprintf(tool, reading) + "," + fmt.Sprintf(tool, "probe_write")
	a := t.post("", `{"model":"`+alias+`","max_tokens":1,"tools":[`+tools+`],"messages":[{"role":"user","content":"`+alias+`"}]}`)
	got := t.model.received().Get("tools.#.function.name").Array()
	switch {
	case a.code() != "":
		t.end(Waiting, a.code())
	case len(got) == 1 && got[0].Str == reading:
		t.end(Observed, "only tools that read were offered")
	default:
		t.end(NotObserved, fmt.Sprintf("%d tools were offered, not the one that reads", len(got)))
	}
}
