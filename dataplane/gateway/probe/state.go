package probe

import "time"

// Seen is what is known of one check.
type Seen struct {
	Limit  string `json:"limit"`
	Result Result `json:"result"`
	Said   string `json:"said,omitempty"`
	// At is when it was seen.
	At *time.Time `json:"at,omitempty"`
}

// State is what the admin API tells: checks by id, and whose they are.
type State struct {
	Plan    string              `json:"plan"`
	Checks  map[string]Seen     `json:"checks"`
	Agents  map[string][]string `json:"agents"`
	Budgets map[string][]string `json:"budgets"`
	Routes  map[string][]string `json:"routes"`
	// Guardrails are the plan's, by name.
	Guardrails map[string][]string `json:"guardrails"`
}

// State of the plan in force.
func (p *Prober) State() *State {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.current()
	if t == nil {
		return nil
	}
	s := &State{Plan: t.snapshot.Plan.Digest(), Checks: make(map[string]Seen, len(t.checks)), Agents: t.agents, Budgets: t.budgets, Routes: t.routes, Guardrails: t.guardrails}
	for _, c := range t.checks {
		seen := Seen{Limit: c.field, Result: Waiting}
		if e := p.known[c.id]; e != nil {
			at := e.at.UTC()
			seen.Result, seen.Said, seen.At = e.Result, e.Said, &at
		}
		s.Checks[c.id] = seen
	}
	return s
}

// Oldest is the age of the oldest evidence, and Counts how many checks of the plan have which result.
func (p *Prober) Oldest() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	oldest, now := time.Duration(0), p.options.Now()
	for _, e := range p.known {
		oldest = max(oldest, now.Sub(e.at))
	}
	return oldest
}

// Counts says how many checks of the plan came out how.
func (p *Prober) Counts() map[Result]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := map[Result]int{Observed: 0, NotObserved: 0, Waiting: 0}
	t := p.current()
	if t == nil {
		return counts
	}
	for _, c := range t.checks {
		if e := p.known[c.id]; e != nil {
			counts[e.Result]++
		} else {
			counts[Waiting]++
		}
	}
	return counts
}
