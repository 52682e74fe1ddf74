// Package route decides which target is asked, in which order, and what follows from a failure.
package route

import (
	"sync"
	"time"

	"agentops.dev/dataplane/gateway/upstream"
)

const (
	// maxRest bounds what a provider's Retry-After can do: a wrong header must not take a target out for a day.
	maxRest = 5 * time.Minute
	// weightOfNew is how fast a target's latency follows the latest answers.
	weightOfNew = 0.2
	// mostMessage bounds what is told of a failure.
	mostMessage = 512
)

// Health is what the process knows of one target; all agents share it.
type Health struct {
	mu       sync.Mutex
	failures int
	restsTo  time.Time
	since    time.Time
	message  string
	latency  time.Duration
	asked    bool
}

// Rests says until when the target is asked last.
func (h *Health) Rests() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.restsTo
}

// Latency of late; 0 when nothing is known.
func (h *Health) Latency() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.latency
}

// Succeeded forgets failures.
func (h *Health) Succeeded(took time.Duration, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failures > 0 || !h.asked {
		h.since = now
	}
	h.failures, h.restsTo, h.message, h.asked = 0, time.Time{}, "", true
	if h.latency == 0 {
		h.latency = took
		return
	}
	h.latency += time.Duration(weightOfNew * float64(took-h.latency))
}

// Failed counts a failure that is the target's, and lets it rest after as many as the route says.
func (h *Health) Failed(f *upstream.Failure, after int, rest time.Duration, now time.Time) (rests bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures++
	h.message, h.asked = string(f.Class), true
	if f.Message != "" && f.Code == upstream.CredentialMissing {
		h.message = f.Message[:min(len(f.Message), mostMessage)] // a tenant's gateway may say anything under this code
	}
	if h.failures < after || rest == 0 && f.RetryAfter == 0 {
		return false
	}
	if f.RetryAfter > rest {
		rest = min(f.RetryAfter, maxRest)
	}
	h.restsTo, h.since = now.Add(rest), now
	return true
}

// State is for the admin API.
type State struct {
	State               string    `json:"state"`
	Since               time.Time `json:"since"`
	Error               string    `json:"error"`
	Failures            int       `json:"failures"`
	LatencyMilliseconds int64     `json:"latencyMilliseconds"`
}

// State of the target.
func (h *Health) State(now time.Time) State {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := State{State: "Ready", Since: h.since, Error: h.message, Failures: h.failures, LatencyMilliseconds: h.latency.Milliseconds()}
	switch {
	case !h.asked:
		s.State = "Idle"
	case now.Before(h.restsTo):
		s.State = "Cooling"
	}
	return s
}

// Board holds the health of all targets by name. It outlives plans: a new plan does not wake a target that rests.
type Board struct {
	mu      sync.RWMutex
	targets map[string]*Health
}

// NewBoard knows nobody yet.
func NewBoard() *Board { return &Board{targets: map[string]*Health{}} }

// Target returns the health of a target.
func (b *Board) Target(name string) *Health {
	b.mu.RLock()
	h := b.targets[name]
	b.mu.RUnlock()
	if h != nil {
		return h
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.targets[name] == nil {
		b.targets[name] = &Health{}
	}
	return b.targets[name]
}
