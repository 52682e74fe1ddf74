package live

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"agentops.dev/dataplane/gateway/plan"
)

// part is a digest of an agent's row and of all that it leads to. The plan's own digest changes with every other agent too.
func part(p *plan.Plan, a plan.Agent) string {
	own := plan.Plan{Targets: map[string]plan.Target{}, Routes: map[string]plan.Route{}, Guardrails: map[string]plan.Guardrail{}, Budgets: map[string]plan.Budget{},
		Agents: map[string]plan.Agent{"": a}}
	route := func(name string) {
		r, ok := p.Routes[name]
		if !ok {
			return
		}
		own.Routes[name] = r
		for _, t := range r.Targets {
			own.Targets[t.Target] = p.Targets[t.Target]
		}
	}
	for _, name := range a.Models {
		route(name)
	}
	route(a.Execution.TakeOverRoute)
	for _, name := range a.Budgets {
		own.Budgets[name] = p.Budgets[name]
		for _, step := range p.Budgets[name].Ladder {
			for _, cheaper := range step.Models {
				route(cheaper)
			}
		}
	}
	for _, names := range [][]string{a.Guardrails.Input, a.Guardrails.Output} {
		for _, name := range names {
			own.Guardrails[name] = p.Guardrails[name]
		}
	}
	text, _ := json.Marshal(own)
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:8])
}
