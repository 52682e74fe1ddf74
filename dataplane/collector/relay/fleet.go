package relay

import (
	"sync"
	"time"

	"agentops.dev/dataplane/collector/report"
)

const (
	// forgetAfter is how long a silent pod stays in the list.
	forgetAfter = 60 * time.Second
	// forgetAgentAfter is longer: its counters should outlive a roll-out.
	forgetAgentAfter = 15 * time.Minute
	// The relay's memory must not grow with what clients invent.
	maxPods, maxAgents, maxRules, maxTexts, maxText = 100_000, 50_000, 200, 16, 256
	// Anybody who may create pods can have tokens for agents that do not exist: of these, few are kept per namespace.
	maxUnknown = 50
)

// Pod is one sidecar as it described itself.
type Pod struct {
	Name, UID string
	Report    report.Report
	SeenAt    time.Time
}

type agent struct {
	lastSpanAt time.Time
	stored     int64
	received   int64
	// These are spans that the gateway wrote of the agent's calls: they say nothing of its own telemetry.
	storedCalls int64
	lastCallAt  time.Time
	pods        map[string]*Pod
	masked      map[string]int64
	dropped     int64
	direct      int64
	unserved    int64
	changed     uint64
	row         string
	seenAt      time.Time
	stray       bool
}

// Fleet holds all agents that were heard of.
type Fleet struct {
	now  func() time.Time
	boot string

	mu     sync.Mutex
	seq    uint64
	pods   int
	agents map[Key]*agent
	strays map[string]int // agents that the operator did not name, by namespace
	known  func(Key) bool
}

// NewFleet makes an empty fleet. The boot id tells a reader's cursor of an earlier process from one of this; known says
// whether the operator named an agent.
func NewFleet(boot string, known func(Key) bool, now func() time.Time) *Fleet {
	return &Fleet{now: now, boot: boot, known: known, agents: map[Key]*agent{}, strays: map[string]int{}}
}

// Report takes a sidecar's report.
func (f *Fleet) Report(k Key, name, uid string, r report.Report) {
	bound(&r)
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.agent(k)
	if a == nil {
		return
	}
	old := a.pods[uid]
	if old == nil {
		if f.pods >= maxPods {
			return
		}
		f.pods++
	}
	a.add(old, r)
	a.pods[uid] = &Pod{Name: name, UID: uid, Report: r, SeenAt: f.now()}
	if old == nil || !same(old.Report, r) {
		f.touch(a)
	}
}

// Received counts spans that came in from an agent.
func (f *Fleet) Received(k Key, spans int) {
	f.count(k, spans, func(a *agent) *time.Time { return &a.lastSpanAt })
}

// ReceivedCalls counts spans that the gateway wrote of an agent's calls.
func (f *Fleet) ReceivedCalls(k Key, spans int) {
	f.count(k, spans, func(a *agent) *time.Time { return &a.lastCallAt })
}

func (f *Fleet) count(k Key, spans int, last func(*agent) *time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.agent(k)
	if a == nil {
		return
	}
	at := last(a)
	if at.IsZero() {
		f.touch(a) // the first span is news; the next ones are only counted
	}
	*at = f.now()
	a.received += int64(spans)
}

// StoredCalls counts spans of the gateway that the trace store holds of an agent.
func (f *Fleet) StoredCalls(k Key, spans int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if a := f.agent(k); a != nil {
		a.storedCalls += int64(spans)
	}
}

// Stored counts spans that the trace store holds of an agent.
func (f *Fleet) Stored(k Key, spans int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if a := f.agent(k); a != nil {
		a.stored += int64(spans)
	}
}

// Forget drops pods that fell silent, and then agents that the operator does not name (any more).
func (f *Fleet) Forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for k, a := range f.agents {
		if len(a.pods) == 0 && f.now().Sub(a.seenAt) > forgetAgentAfter && !f.known(k) {
			f.drop(k, a)
			continue
		}
		for uid, p := range a.pods {
			if f.now().Sub(p.SeenAt) > forgetAfter {
				delete(a.pods, uid)
				f.pods--
				f.touch(a)
			}
		}
	}
}

func (f *Fleet) drop(k Key, a *agent) {
	delete(f.agents, k)
	if a.stray {
		f.strays[k.Namespace]--
	}
}

func (f *Fleet) agent(k Key) *agent {
	a := f.agents[k]
	if a != nil {
		a.seenAt = f.now()
		return a
	}
	stray := !f.known(k)
	if len(f.agents) >= maxAgents || stray && f.strays[k.Namespace] >= maxUnknown {
		return nil
	}
	if stray {
		f.strays[k.Namespace]++
	}
	a = &agent{pods: map[string]*Pod{}, masked: map[string]int64{}, seenAt: f.now(), stray: stray}
	f.agents[k] = a
	f.touch(a)
	return a
}

func (f *Fleet) touch(a *agent) {
	f.seq++
	a.changed = f.seq
}
