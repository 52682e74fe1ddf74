package relay

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// BackendState is what the last request to a backend says about it.
type BackendState string

// The states of a backend.
const (
	Idle              BackendState = "Idle"
	Delivering        BackendState = "Delivering"
	Failing           BackendState = "Failing"
	CredentialMissing BackendState = "CredentialMissing"
)

// Backend is one backend in GET /v1/observations. The numbers are items: spans, log records and data points.
type Backend struct {
	Name     string       `json:"name"`
	State    BackendState `json:"state"`
	Since    time.Time    `json:"since"`
	Error    string       `json:"error"`
	Sent     int64        `json:"sent"`
	Failed   int64        `json:"failed"`
	Queued   int64        `json:"queued"`
	declared bool
}

// Backends holds the state of every backend of the configuration in force.
type Backends struct {
	now func() time.Time

	mu   sync.Mutex
	byID map[string]*Backend
}

// NewBackends makes an empty list.
func NewBackends(now func() time.Time) *Backends {
	return &Backends{now: now, byID: map[string]*Backend{}}
}

// Declare says that the configuration in force holds the backend.
func (b *Backends) Declare(name string) { b.change(name, func(x *Backend) { x.declared = true }) }

// Withdraw keeps the state: a new configuration mostly holds the same backends.
func (b *Backends) Withdraw(name string) { b.change(name, func(x *Backend) { x.declared = false }) }

// Delivered notes a request that the backend took.
func (b *Backends) Delivered(name string) { b.to(name, Delivering, "") }

// Failed notes a request that the backend did not take.
func (b *Backends) Failed(name, reason string) { b.to(name, Failing, reason) }

// CredentialMissing notes that there was no request for want of a credential.
func (b *Backends) CredentialMissing(name, detail string) { b.to(name, CredentialMissing, detail) }

func (b *Backends) to(name string, state BackendState, detail string) {
	b.change(name, func(x *Backend) {
		if x.State != state {
			x.State, x.Since = state, b.now()
		}
		x.Error = short(detail, maxText)
	})
}

func (b *Backends) change(name string, f func(*Backend)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	x := b.byID[name]
	if x == nil {
		x = &Backend{Name: name, State: Idle, Since: b.now()}
		b.byID[name] = x
	}
	f(x)
}

// List returns the backends of the configuration in force, with the counts that the exporters keep.
func (b *Backends) List(counts map[string]ExporterCounts) []Backend {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []Backend{}
	for name, x := range b.byID {
		if !x.declared {
			continue
		}
		view := *x
		c := counts[name]
		view.Sent, view.Failed, view.Queued = c.Sent, c.Failed, c.Queued
		out = append(out, view)
	}
	slices.SortFunc(out, func(x, y Backend) int { return cmp.Compare(x.Name, y.Name) })
	return out
}
