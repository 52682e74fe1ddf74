package serve

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/limits"
)

// climb does what the rungs say that were reached.
func (c *call) climb(v *limits.Verdict) *refusal {
	for _, state := range v.Budgets {
		b := c.snapshot.Plan.Budgets[state.ID]
		if state.Mode == limits.Shadow {
			continue
		}
		for _, step := range b.Ladder {
			if state.Used*100 < step.AtPercent*state.Limit {
				break
			}
			switch step.Action {
			case plan.CheaperModel:
				if cheaper, ok := step.Models[c.report.Alias]; ok {
					c.stepDown(cheaper)
					c.w.Header()["X-Agentops-Budget"] = []string{"CheaperModel; budget=" + state.ID}
				}
			case plan.ReadOnlyTools:
				c.readOnly()
				c.w.Header()["X-Agentops-Budget"] = []string{"ReadOnlyTools; budget=" + state.ID}
			}
		}
	}
	return c.unpriced()
}

// stepDown goes over to a cheaper route. What was reserved must cover it all the same: where it is the dearer one, the answer
// is made shorter.
func (c *call) stepDown(cheaper string) {
	reserved := c.uses().MicroUSD
	c.take(cheaper)
	if c.uses().MicroUSD > reserved && c.answers > 0 {
		c.most = max(1, min(c.most, c.affordable(reserved, margin(c.input))/c.answers))
	}
}

// readOnly takes tools out of the request that may change something, those too that the provider would call by itself.
func (c *call) readOnly() {
	c.body.Delete("mcp_servers", "web_search_options", "search_parameters", "plugins")
	for list, choices := range map[string][]string{"tools": {"tool_choice", "parallel_tool_calls"}, "functions": {"function_call"}} {
		c.keepReadOnly(list, choices)
	}
}

func (c *call) keepReadOnly(list string, choices []string) {
	tools := c.body.Get(list)
	if !tools.IsArray() {
		return
	}
	kept := []string{}
	for _, tool := range tools.Array() {
		name := tool.Get("name").Str
		if f := tool.Get("function.name"); f.Exists() {
			name = f.Str
		}
		if slices.Contains(c.agent.ReadOnlyTools, name) {
			kept = append(kept, tool.Raw)
		}
	}
	if len(kept) > 0 {
		c.body.Set(list, "["+strings.Join(kept, ",")+"]")
	} else {
		c.body.Delete(list)
	}
	// A choice of a tool that is gone would be refused by the provider.
	if choice := c.body.Get(choices[0]); choice.Type != gjson.String || len(kept) == 0 {
		c.body.Delete(choices...)
	}
}

// unpriced refuses a call whose cost nobody would know, where a limit is in USD and the plan says so.
func (c *call) unpriced() *refusal {
	if c.agent.OnUnknownPrice != plan.Deny || !c.snapshot.Books.InUSD(c.agent.Name) || !c.uses().PriceUnknown {
		return nil
	}
	r := denied(c.snapshot.Books.PriceUnknown(c.agent.Name))
	if c.beside != "" {
		r.Param, r.Message = c.beside, c.beside+" is billed beside tokens, or at a price of its own that is not known here, and a limit is in USD: leave it out, or set onUnknownPrice to Allow"
	}
	return r
}
