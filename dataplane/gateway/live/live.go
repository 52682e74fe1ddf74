// Package live holds the plan in force and all that is made of it, and swaps them whole.
package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"agentops.dev/dataplane/gateway/account"
	"agentops.dev/dataplane/gateway/guard"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/mask"
	"agentops.dev/dataplane/ticking"
)

// Snapshot is a plan and what is made of it. A call keeps the one that it began with.
type Snapshot struct {
	Plan   *plan.Plan
	Books  *account.Books
	Guards *guard.Set
	agents map[string]*Agent
}

// Agent is what a call needs of an agent.
type Agent struct {
	plan.Agent
	Name          string
	Input, Output guard.Chain
	// Aliases in order, for lists and errors.
	Aliases []string
	// Part names all that the plan says of this agent and nothing else: it changes when that changes.
	Part func() string
}

// Agent finds "<namespace>/<name>".
func (s *Snapshot) Agent(name string) *Agent { return s.agents[name] }

func build(p *plan.Plan, keys mask.Keys) (*Snapshot, error) {
	guards, err := guard.Compile(p, keys)
	if err != nil {
		return nil, err
	}
	return assemble(p, guards), nil
}

func assemble(p *plan.Plan, guards *guard.Set) *Snapshot {
	s := &Snapshot{Plan: p, Books: account.Open(p), Guards: guards, agents: make(map[string]*Agent, len(p.Agents))}
	for name, a := range p.Agents {
		agent := &Agent{Agent: a, Name: name, Input: guards.Chain(a.Guardrails.Input), Output: guards.Chain(a.Guardrails.Output)}
		for alias := range a.Models {
			agent.Aliases = append(agent.Aliases, alias)
		}
		slices.Sort(agent.Aliases)
		agent.Part = sync.OnceValue(func() string { return part(p, a) })
		s.agents[name] = agent
	}
	return s
}

// State says what is in force and why, for reports.
type State struct {
	Digest   string    `json:"digest"`
	Source   string    `json:"source"`
	LoadedAt time.Time `json:"loadedAt"`
	Error    string    `json:"error"`
}

// Live is the plan in force.
type Live struct {
	snapshot atomic.Pointer[Snapshot]
	now      func() time.Time

	mu    sync.Mutex
	raw   []byte
	state State
}

// New starts without a plan.
func New(now func() time.Time) *Live { return &Live{now: now, state: State{Source: "None"}} }

// Of is a plan that stays as it is.
func Of(p *plan.Plan) (*Live, error) {
	s, err := build(p, mask.Keys{})
	if err != nil {
		return nil, err
	}
	l := New(time.Now)
	l.snapshot.Store(s)
	return l, nil
}

// Over is a plan that stays as it is, over guardrails that are compiled already.
func Over(p *plan.Plan, guards *guard.Set) *Live {
	l := New(time.Now)
	l.snapshot.Store(assemble(p, guards))
	return l
}

// Snapshot is nil until there is a plan.
func (l *Live) Snapshot() *Snapshot { return l.snapshot.Load() }

// State is a copy.
func (l *Live) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// Load reads the plan and swaps it in when its content changed. A plan that is refused, or gone, leaves the last good one.
func (l *Live) Load(path string) (swapped bool, err error) {
	return l.load(path, func() bool { return false })
}

// load asks whether something newer is known under the lock: else an older file could take the place of what comes meanwhile.
func (l *Live) load(path string, newer func() bool) (swapped bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if newer() {
		return false, nil
	}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && l.state.Source == "None":
		return false, nil // mounted later than the process starts
	case errors.Is(err, fs.ErrNotExist):
		return false, l.refuse(nil, fmt.Errorf("plan: %s is gone; the last good plan stays", filepath.Base(path)))
	case err != nil:
		return false, l.refuse(nil, fmt.Errorf("plan: %w", err))
	}
	return l.take(data)
}

// Take swaps a plan in whose content came another way than by a file.
func (l *Live) Take(data []byte) (swapped bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.take(data)
}

func (l *Live) take(data []byte) (swapped bool, err error) {
	if bytes.Equal(data, l.raw) {
		return false, nil
	}
	p, err := plan.Parse(data)
	if err != nil {
		return false, l.refuse(data, err)
	}
	s, err := build(p, mask.Keys{})
	if err != nil {
		return false, l.refuse(data, err)
	}
	l.snapshot.Store(s)
	l.raw = data
	l.state = State{Digest: p.Digest(), Source: "Config", LoadedAt: l.now()}
	return true, nil
}

func (l *Live) refuse(data []byte, cause error) error {
	l.raw, l.state.Error = data, cause.Error()
	if len(l.state.Error) > 4096 {
		l.state.Error = l.state.Error[:4096]
	}
	if l.state.Source == "Config" {
		l.state.Source = "LastGood"
	}
	return cause
}

// Watch looks at the file until the context ends, unless something newer than the file is known; told is called when something
// changed.
func (l *Live) Watch(ctx context.Context, path string, every time.Duration, newer func() bool, told func(swapped bool, err error)) {
	last := ""
	ticking.Every(ctx, every, func() {
		swapped, err := l.load(path, newer)
		if swapped || err != nil && err.Error() != last {
			told(swapped, err)
		}
		last = ""
		if err != nil {
			last = err.Error()
		}
	})
}
