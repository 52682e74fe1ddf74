package serve

import (
	"context"
	"testing"
	"time"

	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/limits"
)

func (w *world) decide(run string, d limits.Decision) {
	w.t.Helper()
	if _, err := w.store.Decide(context.Background(), "shop/billing", run, d); err != nil {
		w.t.Fatal(err)
	}
}

// heldAtOne lets runs make one step; b is the person's endpoint, if there is one.
func heldAtOne(person string) func(p *plan.Plan) {
	return func(p *plan.Plan) {
		chat := p.Routes["chat"]
		chat.Targets, chat.Cache = chat.Targets[:1], &plan.Cache{TTLSeconds: 60}
		p.Routes["chat"] = chat
		agent(p, func(a *plan.Agent) {
			a.Execution.Run.Steps = &plan.Limit{Max: 1, Action: plan.Hold}
			a.Execution.TakeOverRoute = person
		})
	}
}

// While a person has the run, its calls go to the person: past the limit that stopped it, counted, and past the cache. After
// Resume the model answers again.
func TestAPersonAnswersInTheAgentsPlace(t *testing.T) {
	w := newWorld(t, heldAtOne("only-b"))
	w.needsStore()
	run := []string{"X-Agentops-Run-Id", "r"}
	if got := w.chat("", run...); got.status != 200 || got.header.Get("X-Agentops-Target") != "a" {
		t.Fatal(got)
	}
	if got := w.chat(`,"n":1`, run...); got.status != 409 {
		t.Fatal(got)
	}
	w.decide("r", limits.Decision{ID: "1", Verb: limits.TakeOver, By: "ana"})
	for range 2 {
		if got := w.chat("", run...); got.status != 200 || got.header.Get("X-Agentops-Target") != "b" || got.header.Get("X-Agentops-Cache") != "" {
			t.Fatalf("%d %s %v", got.status, got.text, got.header)
		}
	}
	if r := w.runState("r"); r.State != limits.TakenOver || r.Steps.Used != 3 || r.MicroUSD.Used == 0 || r.Steps.Reserved != 0 {
		t.Errorf("%+v", r)
	}
	if report := w.report(); report.Target != "b" || report.Run != "r" || report.Usage.Input == 0 {
		t.Errorf("%+v", report)
	}
	w.decide("r", limits.Decision{ID: "2", Verb: limits.Resume, More: limits.Extension{Steps: 5}})
	if got := w.chat(`,"n":1`, run...); got.status != 200 || got.header.Get("X-Agentops-Target") != "a" {
		t.Errorf("%d %s %v", got.status, got.text, got.header)
	}
}

// Without an endpoint for people the calls of a run that a person has are refused.
func TestWithoutAPersonsEndpointATakenRunIsRefused(t *testing.T) {
	w := newWorld(t, heldAtOne(""))
	w.needsStore()
	w.chat("", "X-Agentops-Run-Id", "r")
	w.decide("r", limits.Decision{ID: "1", Verb: limits.TakeOver})
	if got := w.chat("", "X-Agentops-Run-Id", "r"); got.status != 403 || got.get("error.code").Str != "run_taken_over" {
		t.Errorf("%d %s", got.status, got.text)
	}
}

// An agent without any limit has runs all the same: a person can hold, take over and cancel them.
func TestRunsWithoutLimitsCanBeDecided(t *testing.T) {
	w := newWorld(t, func(p *plan.Plan) { agent(p, func(a *plan.Agent) { a.Execution.TakeOverRoute = "only-b" }) })
	w.needsStore()
	run := []string{"X-Agentops-Run-Id", "r"}
	if got := w.chat("", run...); got.status != 200 {
		t.Fatal(got)
	}
	w.decide("r", limits.Decision{ID: "1", Verb: limits.HoldNow, By: "ana"})
	if got := w.chat("", run...); got.status != 409 || got.get("error.hold.reason").Str != "ByPerson" {
		t.Errorf("%d %s", got.status, got.text)
	}
	w.decide("r", limits.Decision{ID: "2", Verb: limits.TakeOver})
	if got := w.chat("", run...); got.header.Get("X-Agentops-Target") != "b" {
		t.Errorf("%d %s", got.status, got.text)
	}
	w.decide("r", limits.Decision{ID: "3", Verb: limits.Cancel})
	if got := w.chat("", run...); got.status != 403 || got.get("error.code").Str != "run_cancelled" {
		t.Errorf("%d %s", got.status, got.text)
	}
}

// A held run's answer says what it waits for, on each interface in its own shape, and that repeating it at once is no use.
func TestAHeldRunSaysWhatItWaitsFor(t *testing.T) {
	w := newWorld(t, heldAtOne(""))
	w.needsStore()
	run := []string{"X-Agentops-Run-Id", "r"}
	w.chat("", run...)
	got := w.chat("", run...)
	w.decide("r", limits.Decision{ID: "1", Verb: limits.Resume})
	claude := w.post("/v1/messages", `{"model":"claude","max_tokens":50,"messages":[{"role":"user","content":"hi"}]}`, run...)
	for _, a := range []answer{got, claude} {
		hold := a.get("error.hold")
		since, err := time.Parse(time.RFC3339, hold.Get("since").Str)
		expires, err2 := time.Parse(time.RFC3339, hold.Get("expires").Str)
		if a.status != 409 || a.header.Get("Retry-After") != "60" || a.header.Get("X-Should-Retry") != "false" || err != nil || err2 != nil || expires.Sub(since) != 24*time.Hour {
			t.Errorf("%d %s %v", a.status, a.text, a.header)
		}
		if hold.Get("run").Str != "r" || hold.Get("reason").Str != "MaxSteps" || hold.Get("limit").Int() != 1 || hold.Get("used").Int() != 1 || hold.Get("decide").Str == "" {
			t.Errorf("%s", a.text)
		}
	}
	if claude.get("type").Str != "error" || claude.get("error.hold.number").Int() != 2 {
		t.Errorf("%s", claude.text)
	}
}

// The first call that reaches a step of a ladder is counted, and only that one.
func TestStepsOfLaddersAreCountedOnce(t *testing.T) {
	w := newWorld(t, func(p *plan.Plan) {
		p.Budgets = map[string]plan.Budget{"shop/calls": {Unit: plan.Requests, Limit: 4, Window: plan.Window{Kind: plan.Day}, Scope: plan.PerAgent,
			Ladder: []plan.Step{{AtPercent: 50, Action: plan.Alert}}, Mode: plan.Enforce, OnStateError: plan.Deny}}
		agent(p, func(a *plan.Agent) { a.Budgets = []string{"shop/calls"} })
	})
	w.needsStore()
	rungs := []int{}
	for range 4 {
		w.chat("")
		rungs = append(rungs, len(w.report().Rungs))
	}
	if rungs[0]+rungs[1]+rungs[2]+rungs[3] != 1 || rungs[1] != 1 {
		t.Errorf("got %v", rungs)
	}
}
