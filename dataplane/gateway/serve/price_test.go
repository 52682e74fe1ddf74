package serve

import (
	"testing"

	"agentops.dev/dataplane/gateway/plan"
)

// inUSD limits the agent in money: by a budget, or by what a run may cost.
func inUSD(p *plan.Plan, word plan.Verdict, run bool, ladder ...plan.Step) {
	p.Budgets = map[string]plan.Budget{"usd": {Unit: plan.MicroUSD, Limit: 1_000_000, Window: plan.Window{Kind: plan.Day}, Scope: plan.PerAgent,
		Ladder: append(ladder, plan.Step{AtPercent: 100, Action: plan.BlockCalls}), Mode: plan.Enforce, OnStateError: plan.Deny}}
	agent(p, func(a *plan.Agent) {
		a.OnUnknownPrice = word
		if run {
			a.Execution.Run.MicroUSD = &plan.Limit{Max: 1_000_000, Action: plan.RefuseCall}
		} else {
			a.Budgets = []string{"usd"}
		}
	})
}

func unpriced(p *plan.Plan, names ...string) {
	for _, name := range names {
		target := p.Targets[name]
		target.Price = nil
		p.Targets[name] = target
	}
}

// What costs more than its tokens do is a cost that nobody knows: the plan decides, and where it lets the call pass, the
// tokens are charged and the call is counted as unpriced.
func TestWhatIsBilledBesideTokensHasNoKnownPrice(t *testing.T) {
	chat := func(more string) [2]string {
		return [2]string{"/v1/chat/completions", `{"model":"chat","messages":[{"role":"user","content":"x"}],` + more + `}`}
	}
	cases := map[string]struct {
		call  [2]string
		param string
	}{
		"a dearer class of service": {chat(`"service_tier":"priority"`), "service_tier"},
		"a search":                  {chat(`"web_search_options":{}`), "web_search_options"},
		"a search at xAI":           {chat(`"search_parameters":{"mode":"on"}`), "search_parameters"},
		"a plugin at OpenRouter":    {chat(`"plugins":[{"id":"web"}]`), "plugins"},
		"a tool of responses":       {[2]string{"/v1/responses", `{"model":"native","input":"x","tools":[{"type":"file_search"}]}`}, "tools"},
		"a tool of messages":        {[2]string{"/v1/messages", `{"model":"claude","max_tokens":5,` + userHello + `,"tools":[{"type":"web_search_20250305","name":"web_search"}]}`}, "tools"},
		"a fast answer":             {[2]string{"/v1/messages", `{"model":"claude","max_tokens":5,` + userHello + `,"speed":"fast"}`}, "speed"},
	}
	for _, run := range []bool{false, true} {
		deny := newWorld(t, func(p *plan.Plan) { inUSD(p, plan.Deny, run) })
		deny.needsStore()
		for name, tc := range cases {
			got := deny.post(tc.call[0], tc.call[1], "X-Agentops-Run-Id", "r")
			if got.status != 403 || got.get("error.code").Str != "price_unknown" || got.get("error.param").Str != tc.param {
				t.Errorf("%s: got %d %s", name, got.status, got.text)
			}
		}
		if n := len(deny.a.asked()) + len(deny.anthropic.asked()); n > 0 {
			t.Errorf("providers were asked %d times", n)
		}
		for _, plain := range []string{`"service_tier":"auto"`, `"tools":[{"type":"function","function":{"name":"web_search"}}]`} {
			if got := deny.post("/v1/chat/completions", chat(plain)[1], "X-Agentops-Run-Id", "r"); got.status != 200 {
				t.Errorf("%s: got %d %s", plain, got.status, got.text)
			}
		}
	}
	allow := newWorld(t, func(p *plan.Plan) { inUSD(p, plan.Allow, false) })
	if got := allow.chat(`,"service_tier":"priority"`); got.status != 200 || !allow.report().PriceUnknown || allow.report().MicroUSD != 20 {
		t.Errorf("got %d %+v", got.status, allow.report())
	}
}

// A limit of a run in USD is no limit where the price is not known.
func TestARunInUSDNeedsAPrice(t *testing.T) {
	w := newWorld(t, func(p *plan.Plan) { inUSD(p, plan.Deny, true); unpriced(p, "a", "b") })
	w.needsStore()
	if got := w.chat("", "X-Agentops-Run-Id", "r"); got.status != 403 || got.get("error.code").Str != "price_unknown" || len(w.a.asked()) > 0 {
		t.Errorf("got %d %s", got.status, got.text)
	}
}

// A budget's step down must not lead to a model whose price nobody knows: the budget would never end.
func TestAStepDownToAnUnknownPriceIsRefused(t *testing.T) {
	w := newWorld(t, func(p *plan.Plan) {
		inUSD(p, plan.Deny, false, plan.Step{AtPercent: 1, Action: plan.CheaperModel, Models: map[string]string{"chat": "cheap"}})
		b := p.Budgets["usd"]
		b.Limit = 1500
		p.Budgets["usd"] = b
		p.Targets["c"] = p.Targets["b"]
		unpriced(p, "c")
		r := p.Routes["only-b"]
		r.Targets = []plan.RouteTarget{{Target: "c"}}
		p.Routes["cheap"] = r
	})
	w.needsStore()
	first, second := w.chat(`,"max_tokens":50`), w.chat(`,"max_tokens":50`)
	if first.status != 200 || second.status != 403 || second.get("error.code").Str != "price_unknown" || len(w.b.asked()) > 0 {
		t.Errorf("got %d, then %d %s", first.status, second.status, second.text)
	}
}

// A step down to what is in truth the dearer model asks for no more than was reserved.
func TestAStepDownStaysWithinTheReservation(t *testing.T) {
	w := newWorld(t, func(p *plan.Plan) {
		inUSD(p, plan.Deny, false, plan.Step{AtPercent: 1, Action: plan.CheaperModel, Models: map[string]string{"chat": "only-b"}})
		b := p.Budgets["usd"]
		b.Limit = 2000
		p.Budgets["usd"] = b
		dear := p.Targets["b"]
		dear.Price = &plan.Price{Input: 1_000_000, Output: 20_000_000}
		p.Targets["b"] = dear
		r := p.Routes["chat"]
		r.Targets = r.Targets[:1]
		p.Routes["chat"] = r
	})
	w.needsStore()
	w.chat(`,"max_tokens":500`)
	if got := w.chat(`,"max_tokens":500`); got.status != 200 || got.header.Get("X-Agentops-Target") != "b" || w.b.last().Get("max_tokens").Int() > 50 || w.b.last().Get("max_tokens").Int() < 40 {
		t.Errorf("got %d %s, b was asked %s", got.status, got.text, w.b.last().Raw)
	}
}

// Tools that the plan does not call read-only are taken away in every form that requests have for them.
func TestReadOnlyLeavesNoOtherWayToATool(t *testing.T) {
	w := newWorld(t, func(p *plan.Plan) {
		p.Budgets = map[string]plan.Budget{"t": {Unit: plan.Requests, Limit: 100, Window: plan.Window{Kind: plan.Day}, Scope: plan.PerAgent,
			Ladder: []plan.Step{{AtPercent: 1, Action: plan.ReadOnlyTools}}, Mode: plan.Enforce, OnStateError: plan.Deny}}
		agent(p, func(a *plan.Agent) { a.Budgets, a.ReadOnlyTools = []string{"t"}, []string{"look"} })
	})
	w.needsStore()
	w.chat("")
	w.chat(`,"functions":[{"name":"look"},{"name":"delete"}],"function_call":{"name":"delete"},"web_search_options":{}`)
	if asked := w.a.last(); asked.Get("functions.#").Int() != 1 || asked.Get("functions.0.name").Str != "look" || asked.Get("function_call").Exists() || asked.Get("web_search_options").Exists() {
		t.Errorf("asked %s", asked.Raw)
	}
	w.post("/v1/messages", `{"model":"claude","max_tokens":5,`+userHello+`,"mcp_servers":[{"type":"url","url":"https://x","name":"x"}]}`)
	if asked := w.anthropic.last(); asked.Get("mcp_servers").Exists() {
		t.Errorf("asked %s", asked.Raw)
	}
}
