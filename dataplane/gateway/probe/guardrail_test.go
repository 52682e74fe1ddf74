package probe

import (
	"cmp"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"agentops.dev/dataplane/gateway/guard"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/serve"
	"agentops.dev/dataplane/mask"
)

var modes = []plan.GuardMode{plan.Mask, plan.Block, plan.Report}

const packs = `{"version":1,"capture":"Masked","packs":[{"name":"Credentials","action":"Redact"},{"name":"Email","action":"Drop"},{"name":"Phone","action":"Hash"},` +
	`{"name":"PaymentCard","action":"Partial"},{"name":"Iban","action":"Redact"},{"name":"NationalId","action":"Redact"},{"name":"IpAddress","action":"Redact"}],` +
	`"rules":[{"name":"order","regex":"^ORD-[0-9]{8}$","action":"Redact","canary":"ORD-12345678"}],"blockKeys":[]}`

func rail(mode plan.GuardMode) plan.Guardrail {
	return plan.Guardrail{Mode: mode, Rules: json.RawMessage(packs), BuiltIn: []plan.BuiltIn{plan.PromptInjection, plan.HarmfulOutput}}
}

const guarded = "shop/guarded"

// around looks at a guardrail over an engine that was made for another one, or that does not look.
func around(t *testing.T, g, engine plan.Guardrail, looks bool) map[string]Outcome {
	t.Helper()
	guards, err := guard.Compile(&plan.Plan{Guardrails: map[string]plan.Guardrail{guarded: engine}}, mask.Keys{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]Outcome{}
	for _, c := range ofGuardrail(guarded, g, sides{true, true}, guards) {
		if !looks {
			c.guards = &guard.Set{}
		}
		found[c.field] = c.run(t.Context(), serve.Options{MaxBody: 1 << 20, Now: time.Now}, nil, "gw")
	}
	if len(found) != 2 {
		t.Errorf("got %v", found)
	}
	return found
}

// What every detector must find is masked, refused or reported, in requests, in answers and in streams.
func TestGuardrailsAreObserved(t *testing.T) {
	for _, mode := range modes {
		for field, one := range around(t, rail(mode), rail(mode), true) {
			if one.Result != Observed {
				t.Errorf("%s, %s: %+v", mode, field, one)
			}
		}
	}
}

// An engine that does not look, or does other than the plan says, is found out; nothing of what was planted is told.
func TestAnEngineThatGuardsNothingIsFoundOut(t *testing.T) {
	for _, mode := range modes {
		for _, does := range append(modes, "") {
			if does == mode {
				continue
			}
			for field, one := range around(t, rail(mode), rail(cmp.Or(does, mode)), does != "") {
				if one.Result != NotObserved || strings.Contains(one.Said, "ORD-") {
					t.Errorf("%s, engine does %q, %s: %+v", mode, does, field, one)
				}
			}
		}
	}
}

// A guardrail is looked at where calls pass it, and nowhere else; agents that share it share the look.
func TestGuardrailsAreLookedAtWhereCallsPassThem(t *testing.T) {
	p := example(t, func(p *plan.Plan) {
		p.Guardrails["shop/idle"] = p.Guardrails["shop/attacks"]
		p.Agents["shop/two"] = p.Agents["shop/billing"]
	})
	s := prober(t, nil, p).State()
	if len(s.Guardrails["shop/attacks"]) != 1 || len(s.Guardrails["shop/secrets"]) != 2 || len(s.Guardrails["shop/idle"]) != 0 {
		t.Errorf("got %v", s.Guardrails)
	}
}

func BenchmarkGuardrail(b *testing.B) {
	guards, err := guard.Compile(&plan.Plan{Guardrails: map[string]plan.Guardrail{guarded: rail(plan.Mask)}}, mask.Keys{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for _, c := range ofGuardrail(guarded, rail(plan.Mask), sides{true, true}, guards) {
			c.run(b.Context(), serve.Options{MaxBody: 1 << 20, Now: time.Now}, nil, "gw")
		}
	}
}
