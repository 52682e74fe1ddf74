package probe

import (
	"strconv"

	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/limits"
)

const (
	// repeated bounds checks that need a call for each that the limit allows.
	repeated = 20
	// placed bounds what is put into the store at once.
	placed = 1000
	// counted bounds amounts that an answer can report, and what their price can be multiplied with.
	counted = int64(1) << 42
)

// ofAgent lists what can be checked of an agent's own limits, each alone: two in one row would not tell which one refused.
func ofAgent(a plan.Agent) (found []*check) {
	e := a.Execution
	add := func(field string, only plan.Execution, act func(*twin)) {
		only.OnStateError, only.RunIdleSeconds, only.HoldExpirySeconds = plan.Deny, e.RunIdleSeconds, e.HoldExpirySeconds
		found = append(found, newCheck("agents.*.execution."+field, only, act, func(name string) *plan.Plan {
			return planOf(agentPlan{name: name, execution: only, price: perToken(only)})
		}))
	}
	ofRun(e.Run, add)
	if e.RequireRunID {
		add("requireRunId", plan.Execution{RequireRunID: true}, func(t *twin) { t.meet("", alias, "run_id_required") })
	}
	if n := e.CallsPerMinute; n > 0 {
		add("callsPerMinute", plan.Execution{CallsPerMinute: n}, func(t *twin) {
			t.nearly(n, func(int) string { return "" }, func(by int64) limits.Progress { return limits.Progress{Calls: by} }, "calls_per_minute")
		})
	}
	if n := e.NewRunsPerMinute; n > 0 {
		add("newRunsPerMinute", plan.Execution{NewRunsPerMinute: n}, func(t *twin) {
			t.nearly(n, strconv.Itoa, func(by int64) limits.Progress { return limits.Progress{NewRuns: by} }, "new_runs")
		})
	}
	if n := e.ConcurrentRuns; n > 0 && n <= placed {
		add("concurrentRuns", plan.Execution{ConcurrentRuns: n}, func(t *twin) {
			t.nearly(n, strconv.Itoa, func(by int64) limits.Progress { return limits.Progress{Runs: by} }, "concurrent_runs")
		})
	}
	if n := e.ConcurrentCalls; n > 0 && n <= placed {
		add("concurrentCalls", plan.Execution{ConcurrentCalls: n}, func(t *twin) {
			t.move("", limits.Progress{Open: n - 1})
			t.pass("", alias)
			t.move("", limits.Progress{Open: n})
			t.meet("", alias, "concurrent_calls")
		})
	}
	if n := e.TokensPerMinute; n > 0 && n <= counted {
		add("tokensPerMinute", plan.Execution{TokensPerMinute: n}, func(t *twin) {
			t.model.reports(n, 1)
			t.spend("", "tokens_per_minute")
			t.meet("", alias, "tokens_per_minute")
		})
	}
	return found
}

// ofRun lists the limits of a run.
func ofRun(r plan.RunLimits, add func(string, plan.Execution, func(*twin))) {
	one := func(r plan.RunLimits) plan.Execution { return plan.Execution{Run: r} }
	if l := r.Steps; l != nil {
		add("run.steps", one(plan.RunLimits{Steps: l}), func(t *twin) {
			t.nearly(l.Max, func(int) string { return alias }, func(by int64) limits.Progress { return limits.Progress{Steps: by} }, refusing(l.Action, "run_steps"))
		})
	}
	if l := r.Seconds; l != nil {
		add("run.seconds", one(plan.RunLimits{Seconds: l}), func(t *twin) {
			t.pass(alias, alias)
			t.move(alias, limits.Progress{Milliseconds: l.Max * 1000})
			t.meet(alias, alias, refusing(l.Action, "run_seconds"))
		})
	}
	if l := r.Tokens; l != nil && l.Max <= counted {
		add("run.tokens", one(plan.RunLimits{Tokens: l}), spending(l.Max, refusing(l.Action, "run_tokens")))
	}
	if l := r.MicroUSD; l != nil && l.Max <= counted {
		add("run.microUSD", one(plan.RunLimits{MicroUSD: l}), spending(inTokens(l.Max), refusing(l.Action, "run_cost")))
	}
	if l := r.IdenticalCalls; l != nil && l.Max <= repeated {
		add("run.identicalCalls", one(plan.RunLimits{IdenticalCalls: l}), func(t *twin) {
			t.again(l.Max-1, 1)
			t.meet(alias, "0", refusing(l.Action, "run_loop"))
		})
	}
	if l := r.NoProgress; l != nil && l.Calls <= repeated {
		add("run.noProgress", one(plan.RunLimits{NoProgress: l}), func(t *twin) {
			t.again(l.Calls-1, l.Distinct)
			t.meet(alias, strconv.FormatInt((l.Calls-1)%max(1, l.Distinct), 10), refusing(l.Action, "run_no_progress"))
		})
	}
}

// nearly makes the first call and the last one that the limit allows, and meets it with the next.
func (t *twin) nearly(n int64, run func(int) string, by func(int64) limits.Progress, code string) {
	t.pass(run(1), alias)
	if n > 1 {
		t.move(run(1), by(n-2))
		t.pass(run(2), alias)
	}
	t.meet(run(3), alias, code)
}

// spending lets a call use all, and meets the limit with the next.
func spending(tokens int64, code string) func(*twin) {
	return func(t *twin) {
		t.model.reports(tokens, 1)
		t.spend(alias, code)
		t.meet(alias, alias, code)
	}
}

// again makes calls of one run with so many different prompts in turns.
func (t *twin) again(calls, distinct int64) {
	for i := range calls {
		t.pass(alias, strconv.FormatInt(i%max(1, distinct), 10))
	}
}

func refusing(a plan.LimitAction, code string) string {
	if a == plan.Hold {
		return "run_held"
	}
	return code
}
