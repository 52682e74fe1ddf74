// Package account says what a call may use, and what it has used: it turns the plan's limits into calls on the state store,
// and tokens into money.
package account

import (
	"time"

	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/limits"
)

// Books are the limits of a plan in the form of the state store. They are made once for a plan and only read.
type Books struct {
	plan   *plan.Plan
	agents map[string]*entry
}

type entry struct {
	limits  *limits.AgentLimits
	charges []charge
	usd     bool
}

type charge struct {
	budget *limits.Budget
	scope  plan.Scope
}

// Open makes the books of a plan.
func Open(p *plan.Plan) *Books {
	b := &Books{plan: p, agents: make(map[string]*entry, len(p.Agents))}
	budgets := map[string]map[plan.Verdict]*limits.Budget{}
	for name, agent := range p.Agents {
		e := &entry{limits: agentLimits(agent.Execution), usd: agent.Execution.Run.MicroUSD != nil}
		for _, id := range agent.Budgets {
			if budgets[id] == nil {
				budgets[id] = map[plan.Verdict]*limits.Budget{}
			}
			if budgets[id][agent.OnUnknownPrice] == nil {
				budgets[id][agent.OnUnknownPrice] = budget(id, p.Budgets[id], agent.OnUnknownPrice)
			}
			e.usd = e.usd || p.Budgets[id].Unit == plan.MicroUSD && p.Budgets[id].Mode != plan.Shadow
			e.charges = append(e.charges, charge{budgets[id][agent.OnUnknownPrice], p.Budgets[id].Scope})
		}
		b.agents[name] = e
	}
	return b
}

// InUSD says whether a limit of the agent that refuses is in money.
func (b *Books) InUSD(agent string) bool { return b.agents[agent].usd }

// PriceUnknown is the denial of a call whose cost nobody would know: of the agent's first budget in money, or of the limit of
// its runs.
func (b *Books) PriceUnknown(agent string) *limits.Denial {
	d := &limits.Denial{Reason: limits.PriceUnknown}
	for _, c := range b.agents[agent].charges {
		if c.budget.Unit == limits.MicroUSD && c.budget.Mode != limits.Shadow {
			d.Limit, d.Budget = c.budget.Limit, &limits.BudgetState{ID: c.budget.ID}
			break
		}
	}
	return d
}

// Limits of an agent; nil when there are none.
func (b *Books) Limits(agent string) *limits.AgentLimits {
	if e := b.agents[agent]; e != nil {
		return e.limits
	}
	return nil
}

// agentLimits is nil when there are none.
func agentLimits(e plan.Execution) *limits.AgentLimits {
	l := &limits.AgentLimits{
		Run: limits.RunLimits{
			Steps: bound(e.Run.Steps, 1), Tokens: bound(e.Run.Tokens, 1), MicroUSD: bound(e.Run.MicroUSD, 1),
			WallClock: bound(e.Run.Seconds, 1000), Identical: bound(e.Run.IdenticalCalls, 1),
		},
		RunsAtOnce: e.ConcurrentRuns, NewRunsPerMinute: e.NewRunsPerMinute, RequestsPerMinute: e.CallsPerMinute,
		TokensPerMinute: e.TokensPerMinute, Concurrency: e.ConcurrentCalls, RequireRun: e.RequireRunID,
	}
	if n := e.Run.NoProgress; n != nil {
		l.Run.NoProgress = limits.NoProgress{Window: n.Calls, Distinct: n.Distinct, Action: limits.LimitAction(n.Action)}
	}
	// How long a hold lasts counts alone, too: a budget's rung may hold runs that have no limit of their own.
	if *l == (limits.AgentLimits{}) && e.HoldExpirySeconds == 0 {
		return nil
	}
	l.RunIdle, l.HoldExpiry = seconds(e.RunIdleSeconds), seconds(e.HoldExpirySeconds)
	l.OnStateError = limits.OnStateError(e.OnStateError)
	return l
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

func bound(l *plan.Limit, factor int64) limits.Bound {
	if l == nil {
		return limits.Bound{}
	}
	return limits.Bound{Max: l.Max * factor, Action: limits.LimitAction(l.Action)}
}

var units = map[plan.Unit]limits.Unit{
	plan.MicroUSD: limits.MicroUSD, plan.Tokens: limits.TotalTokens, plan.InputTokens: limits.InputTokens,
	plan.OutputTokens: limits.OutputTokens, plan.Requests: limits.Requests,
}

func budget(id string, b plan.Budget, unknown plan.Verdict) *limits.Budget {
	out := &limits.Budget{
		ID: id, Unit: units[b.Unit], Limit: b.Limit, Mode: limits.Mode(b.Mode), OnStateError: limits.OnStateError(b.OnStateError),
		OnPriceUnknown: limits.OnPriceUnknown(unknown),
		Window:         limits.Window{Kind: limits.WindowKind(b.Window.Kind), TimeZone: b.Window.TimeZone, Length: seconds(b.Window.Seconds)},
	}
	for _, step := range b.Ladder {
		out.Ladder = append(out.Ladder, limits.Rung{Action: limits.Action(step.Action), Percent: step.AtPercent})
	}
	return out
}

// Who makes a call.
type Who struct {
	// Agent is "<namespace>/<name>".
	Agent, Run, EndUser string
}

// Call is what the state store is asked; nil when nothing limits the agent and the call names no run. A run is kept in the
// store also without a limit: people may hold it, take it over or cancel it.
func (b *Books) Call(who Who, id string, most limits.Amounts, fingerprint uint64, timeout time.Duration) *limits.Call {
	e := b.agents[who.Agent]
	if e == nil || e.limits == nil && len(e.charges) == 0 && who.Run == "" {
		return nil
	}
	call := &limits.Call{ID: id, Agent: who.Agent, Run: who.Run, Fingerprint: fingerprint, Most: most, Timeout: timeout, Limits: e.limits}
	for _, c := range e.charges {
		if scope, ok := b.scope(c, who); ok {
			call.Charges = append(call.Charges, limits.Charge{Budget: c.budget, Scope: scope})
		}
	}
	return call
}

func (b *Books) scope(c charge, who Who) (limits.Scope, bool) {
	agent := b.plan.Agents[who.Agent]
	switch c.scope {
	case plan.Shared:
		return limits.Scope{Kind: limits.SharedScope, Value: c.budget.ID}, true
	case plan.ByTeam:
		return limits.Scope{Kind: limits.TeamScope, Value: agent.Team}, true
	case plan.ByUseCase:
		return limits.Scope{Kind: limits.UseCaseScope, Value: agent.UseCase}, true
	case plan.ByEndUser:
		// Calls that name no end user share one count: leaving the name out must not be a way past the limit.
		return limits.Scope{Kind: limits.EndUserScope, Value: who.Agent + "/" + who.EndUser}, true
	}
	return limits.Scope{Kind: limits.AgentScope, Value: who.Agent}, true
}
