package account

import (
	"testing"
	"time"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/body"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/limits"
)

func number(n int64) *int64 { return &n }

// Each class of tokens costs its own price, or that of its plain class; the sum is rounded up.
func TestCost(t *testing.T) {
	u := api.Usage{Input: 1000, CachedInput: 400, CacheWrite: 100, Output: 200, Reasoning: 50}
	full := &plan.Price{Input: 1_000_000, Output: 10_000_000, CachedInput: number(100_000), CacheWrite: number(2_000_000), Reasoning: number(20_000_000)}
	for name, tc := range map[string]struct {
		price *plan.Price
		usage api.Usage
		want  int64
		known bool
	}{
		"all classes":       {full, u, 500 + 40 + 200 + 1500 + 1000, true},
		"plain classes":     {&plan.Price{Input: 1_000_000, Output: 10_000_000}, u, 1000 + 2000, true},
		"a part of a micro": {&plan.Price{Input: 1}, api.Usage{Input: 1}, 1, true},
		"free":              {&plan.Price{}, u, 0, true},
		"no price":          {nil, u, 0, false},
		"an absurd report":  {&plan.Price{Input: 10_000_000_000}, api.Usage{Input: 1 << 62}, mostTokens * 10_000, true},
		"less than nothing": {full, api.Usage{Input: 1, CachedInput: 5, Output: -3}, 1, true},
	} {
		if got, known := Cost(tc.price, tc.usage); got != tc.want || known != tc.known {
			t.Errorf("%s: got %d %v, want %d", name, got, known, tc.want)
		}
	}
}

// A reservation is at the dearest target's price, and its cost is unknown only when no target has one.
func TestMost(t *testing.T) {
	p := &plan.Plan{Targets: map[string]plan.Target{"cheap": {Price: &plan.Price{Input: 1_000_000, Output: 1_000_000}}, "dear": {Price: &plan.Price{Input: 9_000_000, Output: 9_000_000}}, "none": {}}}
	if got := Most(p, []string{"cheap", "none", "dear"}, 10, 5); got != (limits.Amounts{InputTokens: 10, OutputTokens: 5, MicroUSD: 135}) {
		t.Errorf("got %+v", got)
	}
	if got := Most(p, []string{"dear", "cheap"}, 10, 5); got.MicroUSD != 135 {
		t.Errorf("the dearest first: got %+v", got)
	}
	if got := Most(p, []string{"none"}, 10, 5); !got.PriceUnknown {
		t.Errorf("got %+v", got)
	}
	// All of the input may be written to the cache, and all of the output thought.
	p.Targets["thinks"] = plan.Target{Price: &plan.Price{Input: 1_000_000, Output: 1_000_000, CachedInput: number(1), CacheWrite: number(2_000_000), Reasoning: number(3_000_000)}}
	if got := Most(p, []string{"thinks"}, 10, 5); got.MicroUSD != 35 {
		t.Errorf("classes that cost more: got %+v", got)
	}
}

// A usage that nobody reported is estimated and marked; one that was reported stays.
func TestMissingUsageIsEstimatedAndMarked(t *testing.T) {
	if got := Settle(api.Usage{}, 12, 7); got.Input != 12 || got.Output != 7 || !got.Estimated {
		t.Errorf("got %+v", got)
	}
	if got := Settle(api.Usage{Input: 3, Output: 1, Known: true}, 12, 7); got.Input != 3 || got.Estimated {
		t.Errorf("got %+v", got)
	}
}

func fingerprint(t *testing.T, messages string) uint64 {
	t.Helper()
	o, err := body.Parse([]byte(`{"messages":[` + messages + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return Fingerprint("chat", o)
}

// The same step is the same whatever lies before it and however its calls are numbered; another argument or result is another
// step.
func TestFingerprints(t *testing.T) {
	step := func(id, args, result string) string {
		return `{"role":"assistant","tool_calls":[{"id":"` + id + `","function":{"name":"f","arguments":"` + args + `"}}]},{"role":"tool","tool_call_id":"` + id + `","content":"` + result + `"}`
	}
	first := fingerprint(t, `{"role":"user","content":"go"},`+step("1", "a", "r"))
	if got := fingerprint(t, `{"role":"user","content":"go"},`+step("1", "a", "r")+","+step("2", "a", "r")); got != first {
		t.Error("a repeated step is another one")
	}
	for _, other := range []string{step("3", "b", "r"), step("3", "a", "s")} {
		if fingerprint(t, `{"role":"user","content":"go"},`+other) == first {
			t.Errorf("%s is the same step", other)
		}
	}
	args := step("1", `{\"city\":\"Bonn\",\"days\":[1,2]}`, `{\"ok\":true,\"n\":1}`)
	for _, same := range []string{step("2", `{ \"days\": [1, 2], \"city\": \"Bonn\" }`, `{\"n\":1,\"ok\":true}`), step("2", `{\"days\":[1,2],\"city\":\"B\u006fnn\"}`, `{\"ok\":true,\"n\":1}`)} {
		if fingerprint(t, same) != fingerprint(t, args) {
			t.Errorf("%s is another step", same)
		}
	}
	if fingerprint(t, step("1", `{\"days\":[2,1],\"city\":\"Bonn\"}`, `{\"ok\":true,\"n\":1}`)) == fingerprint(t, args) {
		t.Error("a list in another order is the same step")
	}
	if fingerprint(t, `{"role":"user","content":"x"}`) == fingerprint(t, `{"role":"user","content":"y"}`) {
		t.Error("two questions are the same")
	}
}

// All budgets of an agent apply, each in the scope of its own; an agent without limits is not asked about.
func TestBooks(t *testing.T) {
	p := &plan.Plan{
		Budgets: map[string]plan.Budget{"a": {Unit: plan.Tokens, Limit: 5, Scope: plan.ByTeam, Window: plan.Window{Kind: plan.Day}}, "b": {Unit: plan.MicroUSD, Limit: 7, Scope: plan.ByEndUser, Window: plan.Window{Kind: plan.Rolling, Seconds: 60}}},
		Agents:  map[string]plan.Agent{"n/x": {Team: "t", Budgets: []string{"a", "b"}, OnUnknownPrice: plan.Deny}, "n/free": {Execution: plan.Execution{OnStateError: plan.Deny}}, "n/held": {Budgets: []string{"a"}, Execution: plan.Execution{HoldExpirySeconds: 60, OnStateError: plan.Deny}}},
	}
	books := Open(p)
	if books.Call(Who{Agent: "n/free"}, "1", limits.Amounts{}, 0, 0) != nil || !books.InUSD("n/x") || books.InUSD("n/free") {
		t.Error("an agent without limits has some")
	}
	if l := books.Limits("n/held"); l == nil || l.HoldExpiry != time.Minute {
		t.Errorf("a budget's rung holds runs of this agent for %+v, not a minute", l)
	}
	call := books.Call(Who{Agent: "n/x", EndUser: "u"}, "1", limits.Amounts{}, 0, 0)
	if len(call.Charges) != 2 || call.Charges[0].Scope != (limits.Scope{Kind: limits.TeamScope, Value: "t"}) || call.Charges[1].Scope.Value != "n/x/u" || call.Charges[1].Budget.OnPriceUnknown != limits.DenyUnpriced {
		t.Errorf("got %+v", call)
	}
}
