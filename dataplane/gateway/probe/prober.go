package probe

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"agentops.dev/dataplane/gateway/live"
	"agentops.dev/dataplane/gateway/serve"
	"agentops.dev/dataplane/ticking"
)

const (
	// pause between two checks: a plan of a thousand rows that all differ takes minutes, and never much of the process.
	pause = 50 * time.Millisecond
	// every is how old evidence may be before it is sought anew.
	every = 10 * time.Minute
	// soon is when a check is made again that could not tell, or that told of a fault.
	soon = 10 * time.Second
	// tries in a row before a limit counts as one that does not hold.
	tries = 3
)

// Prober checks the plan in force, one check at a time.
type Prober struct {
	options serve.Options
	store   Store
	process string
	told    func(Result)

	mu    sync.Mutex
	table *table
	known map[string]*evidence
}

// evidence of one check.
type evidence struct {
	Outcome
	// at is when it was seen; tried, when it was last looked for.
	at, tried time.Time
}

// New makes a prober over the options of the server that serves agents. The store may be nil; process names this one among
// those that share the store; told is called with what came of each check.
func New(o serve.Options, store Store, process string, told func(Result)) *Prober {
	return &Prober{options: o, store: store, process: process, told: told, known: map[string]*evidence{}}
}

// Run checks until the context ends.
func (p *Prober) Run(ctx context.Context, idle func() bool) {
	ticking.Every(ctx, pause, func() {
		if !idle() {
			p.step(ctx)
		}
	})
}

// Round makes every check of the plan once, without pauses, and says how many there were.
func (p *Prober) Round(ctx context.Context) int {
	p.mu.Lock()
	t := p.current()
	p.mu.Unlock()
	if t == nil {
		return 0
	}
	for _, c := range t.checks {
		p.keep(c, p.look(ctx, c))
	}
	return len(t.checks)
}

// step makes the check that is due first; it says whether there was one.
func (p *Prober) step(ctx context.Context) bool {
	c := p.due()
	if c == nil {
		return false
	}
	found := p.look(ctx, c)
	if ctx.Err() == nil {
		p.keep(c, found)
		p.told(found.Result)
	}
	return true
}

// look checks again what seems to fail: a process that was stopped for a moment must not be taken for a broken limit.
func (p *Prober) look(ctx context.Context, c *check) (found Outcome) {
	for range tries {
		if found = c.run(ctx, p.options, p.store, p.process); found.Result != NotObserved {
			break
		}
	}
	return found
}

func (p *Prober) keep(c *check, found Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.options.Now()
	e := p.known[c.id]
	switch {
	case e == nil || found.Result != Waiting || e.Result == Waiting:
		p.known[c.id] = &evidence{found, now, now}
	default:
		// The store is away: what was seen before was seen.
		e.tried = now
	}
}

// due is the first check without evidence, else the one whose evidence is oldest, if it is old enough.
func (p *Prober) due() *check {
	p.mu.Lock()
	defer p.mu.Unlock()
	t, now := p.current(), p.options.Now()
	if t == nil {
		return nil
	}
	var oldest *check
	for _, c := range t.checks {
		e := p.known[c.id]
		if e == nil {
			return c
		}
		after := every
		if e.Result != Observed {
			after = soon
		}
		if now.Sub(e.tried) >= after && (oldest == nil || e.tried.Before(p.known[oldest.id].tried)) {
			oldest = c
		}
	}
	return oldest
}

// current is the table of the plan in force; evidence of checks that it no longer has is dropped.
func (p *Prober) current() *table {
	s := p.options.Live.Snapshot()
	if s == nil || p.table != nil && p.table.snapshot == s {
		return p.table
	}
	p.table = tabulate(s)
	kept := map[string]*evidence{}
	for _, c := range p.table.checks {
		if e := p.known[c.id]; e != nil {
			kept[c.id] = e
		}
	}
	p.known = kept
	return p.table
}

// table says what is to be checked of a plan, and whose it is.
type table struct {
	snapshot                            *live.Snapshot
	checks                              []*check
	agents, budgets, routes, guardrails map[string][]string
}

func tabulate(s *live.Snapshot) *table {
	t := &table{snapshot: s, agents: map[string][]string{}, budgets: map[string][]string{}, routes: map[string][]string{}, guardrails: map[string][]string{}}
	seen := map[string]bool{}
	add := func(to map[string][]string, name string, found []*check) {
		for _, c := range found {
			to[name] = append(to[name], c.id)
			if !seen[c.id] {
				seen[c.id] = true
				t.checks = append(t.checks, c)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Plan.Budgets)) {
		add(t.budgets, name, ofBudget(s.Plan.Budgets[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Plan.Routes)) {
		add(t.routes, name, ofRoute(s.Plan.Routes[name]))
	}
	sides := sidesOf(s.Plan)
	for _, name := range slices.Sorted(maps.Keys(sides)) {
		add(t.guardrails, name, ofGuardrail(name, s.Plan.Guardrails[name], sides[name], s.Guards))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Plan.Agents)) {
		add(t.agents, name, ofAgent(s.Plan.Agents[name]))
	}
	return t
}
