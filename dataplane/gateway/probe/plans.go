package probe

import (
	"strconv"

	"agentops.dev/dataplane/gateway/plan"
)

// million is what prices are for, and about the tokens that the twin of a limit in USD needs to reach it.
const million = 1_000_000

// inTokens is how many tokens reach an amount of micro-USD at the price of priceFor.
func inTokens(microUSD int64) int64 {
	each := priceFor(microUSD) / million
	return (microUSD + each - 1) / each
}

// priceFor is a twin's price, in micro-USD per million tokens. Prices are arithmetic, which other tests prove for each class of
// tokens; a twin's is a whole number for each token, so that a limit is reached and not nearly.
func priceFor(microUSD int64) int64 { return max(1, microUSD/million) * million }

func perToken(e plan.Execution) int64 {
	if l := e.Run.MicroUSD; l != nil {
		return priceFor(l.Max)
	}
	return million
}

// reading is the tool of a twin that changes nothing.
const reading = "probe_read"

// agentPlan is what a twin's plan is made of.
type agentPlan struct {
	name      string
	execution plan.Execution
	budget    *plan.Budget
	price     int64
}

// planOf is a plan with one agent, one model and one limit.
func planOf(a agentPlan) *plan.Plan {
	p := &plan.Plan{
		Version: plan.Version,
		Targets: map[string]plan.Target{"probe": target(0, a.price), "cheaper": target(1, a.price)},
		Routes:  map[string]plan.Route{"probe": routeOver("probe"), "cheaper": routeOver("cheaper")},
		Budgets: map[string]plan.Budget{},
	}
	agent := agentOf(a.name)
	agent.Execution = a.execution
	if a.budget != nil {
		p.Budgets[a.name], agent.Budgets = *a.budget, []string{a.name}
	}
	p.Agents = map[string]plan.Agent{a.name + "/" + alias: agent}
	return p
}

func agentOf(name string) plan.Agent {
	return plan.Agent{Team: name, UseCase: name, Models: map[string]string{alias: "probe"}, MaxOutputTokens: 16,
		ReadOnlyTools: []string{reading}, Execution: plan.Execution{OnStateError: plan.Deny}, OnUnknownPrice: plan.Deny, OnGatewayDown: plan.Refuse}
}

// target is asked of the model in this process: its address leads nowhere.
func target(number int, price int64) plan.Target {
	return plan.Target{Provider: plan.OpenAICompatible, Endpoint: "http://" + strconv.Itoa(number) + ".probe.invalid", Model: "probe",
		TimeoutMilliseconds: 10_000, StreamIdleMilliseconds: 10_000, Price: &plan.Price{Input: price, Output: price}}
}

func routeOver(targets ...string) plan.Route {
	r := plan.Route{Routing: plan.Priority, OnError: plan.OnError{RateLimited: plan.Fail, ServerError: plan.Fail, Timeout: plan.Fail,
		Connection: plan.Fail, Unauthorized: plan.Fail, InvalidResponse: plan.Fail}}
	for _, name := range targets {
		r.Targets = append(r.Targets, plan.RouteTarget{Target: name})
	}
	return r
}
