package plan

import "fmt"

func (p *problems) route(field string, r Route, plan *Plan) {
	word(p, field+".routing", r.Routing, Priority, Weighted, Latency, CostFirst)
	if len(r.Targets) == 0 {
		p.add(field+".targets", "", "name one target at least")
	}
	seen := map[string]bool{}
	for i, t := range r.Targets {
		at := fmt.Sprintf("%s.targets[%d]", field, i)
		known(p, at+".target", t.Target, plan.Targets, "targets")
		if seen[t.Target] {
			p.add(at+".target", t.Target, "name each target once")
		}
		seen[t.Target] = true
		switch {
		case r.Routing == Weighted:
			p.between(at+".weight", int64(t.Weight), 0, 1e6)
		case t.Weight != 0:
			p.add(at+".weight", t.Weight, "it belongs to routing Weighted; leave it out")
		}
	}
	p.between(field+".retries", int64(r.Retries), 0, 10)
	p.between(field+".cooldownSeconds", r.CooldownSeconds, 0, 86400)
	p.between(field+".failuresToCooldown", int64(r.FailuresToCooldown), 1, 1000)
	p.onError(field+".onError", r.OnError)
	p.escalation(field+".escalation", r)
	if r.Cache != nil {
		p.between(field+".cache.ttlSeconds", r.Cache.TTLSeconds, 1, 86400)
	}
	if r.Compression != "" {
		word(p, field+".compression", r.Compression, Off, Whitespace)
	}
}

func (p *problems) onError(field string, e OnError) {
	classes := []struct {
		name     string
		reaction Reaction
	}{
		{"rateLimited", e.RateLimited}, {"serverError", e.ServerError}, {"timeout", e.Timeout},
		{"connection", e.Connection}, {"unauthorized", e.Unauthorized}, {"invalidResponse", e.InvalidResponse},
	}
	for _, class := range classes {
		word(p, field+"."+class.name, class.reaction, Next, Retry, Fail)
	}
}

func (p *problems) escalation(field string, r Route) {
	e := r.Escalation
	if (r.Routing == CostFirst) != (e != nil) {
		p.add(field, string(r.Routing), "it belongs to routing CostFirst, which needs it")
	}
	if e == nil {
		return
	}
	if len(e.On) == 0 {
		p.add(field+".on", "", "name one signal at least")
	}
	has := map[Signal]bool{}
	for _, signal := range e.On {
		word(p, field+".on", signal, SchemaInvalid, LowConfidence, ToolError, JudgeRule)
		has[signal] = true
	}
	if has[LowConfidence] {
		p.between(field+".minConfidencePercent", int64(e.MinConfidencePercent), 1, 99)
	} else if e.MinConfidencePercent != 0 {
		p.add(field+".minConfidencePercent", e.MinConfidencePercent, "it belongs to LowConfidence; leave it out")
	}
	if has[JudgeRule] != (len(e.Judge) > 0) {
		p.add(field+".judge", len(e.Judge), "JudgeRule needs patterns, other signals have none")
	}
	for i, text := range e.Judge {
		p.pattern(fmt.Sprintf("%s.judge[%d]", field, i), text)
	}
}

func (p *problems) agent(field string, a Agent, plan *Plan) {
	p.lines(field, map[string]string{"team": a.Team, "useCase": a.UseCase, "release": a.Release, "serviceAccountName": a.ServiceAccountName})
	for _, alias := range sorted(a.Models) {
		p.match(aliasName, field+".models", alias, "use letters, digits and . _ : / @ -, at most 128")
		known(p, field+".models["+alias+"]", a.Models[alias], plan.Routes, "routes")
	}
	p.between(field+".maxOutputTokens", a.MaxOutputTokens, 1, maxAnswer)
	p.execution(field+".execution", a.Execution)
	if name := a.Execution.TakeOverRoute; name != "" {
		known(p, field+".execution.takeOverRoute", name, plan.Routes, "routes")
	}
	for i, name := range a.Budgets {
		known(p, fmt.Sprintf("%s.budgets[%d]", field, i), name, plan.Budgets, "budgets")
	}
	for i, name := range a.Guardrails.Input {
		known(p, fmt.Sprintf("%s.guardrails.input[%d]", field, i), name, plan.Guardrails, "guardrails")
	}
	for i, name := range a.Guardrails.Output {
		known(p, fmt.Sprintf("%s.guardrails.output[%d]", field, i), name, plan.Guardrails, "guardrails")
	}
	word(p, field+".onUnknownPrice", a.OnUnknownPrice, Deny, Allow)
	word(p, field+".onGatewayDown", a.OnGatewayDown, Refuse, Direct)
}

func (p *problems) execution(field string, e Execution) {
	numbers := []struct {
		name  string
		value int64
		most  int64
	}{
		{"concurrentRuns", e.ConcurrentRuns, maxNumber}, {"newRunsPerMinute", e.NewRunsPerMinute, maxNumber},
		{"concurrentCalls", e.ConcurrentCalls, maxNumber}, {"callsPerMinute", e.CallsPerMinute, maxNumber},
		{"tokensPerMinute", e.TokensPerMinute, maxNumber}, {"runIdleSeconds", e.RunIdleSeconds, maxSeconds},
		{"streamSeconds", e.StreamSeconds, maxSeconds}, {"streamTokens", e.StreamTokens, maxAnswer},
		{"holdExpirySeconds", e.HoldExpirySeconds, maxSeconds},
	}
	for _, n := range numbers {
		p.between(field+"."+n.name, n.value, 0, n.most)
	}
	word(p, field+".onStateError", e.OnStateError, Deny, Allow)
	limits := []struct {
		name  string
		limit *Limit
		least int64
		most  int64
	}{
		{"steps", e.Run.Steps, 1, maxNumber}, {"tokens", e.Run.Tokens, 1, maxNumber}, {"microUSD", e.Run.MicroUSD, 1, maxNumber},
		{"seconds", e.Run.Seconds, 1, maxSeconds}, {"identicalCalls", e.Run.IdenticalCalls, 2, 64},
	}
	for _, l := range limits {
		if l.limit == nil {
			continue
		}
		p.between(field+".run."+l.name+".max", l.limit.Max, l.least, l.most)
		word(p, field+".run."+l.name+".action", l.limit.Action, RefuseCall, Hold)
	}
	if n := e.Run.NoProgress; n != nil {
		p.between(field+".run.noProgress.calls", n.Calls, 2, 64)
		p.between(field+".run.noProgress.distinct", n.Distinct, 1, n.Calls-1)
		word(p, field+".run.noProgress.action", n.Action, RefuseCall, Hold)
	}
}
