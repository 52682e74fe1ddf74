package admin

import (
	"context"
	"sync"
	"time"

	"agentops.dev/dataplane/ticking"
)

// Watch follows the state store.
type Watch struct {
	now func() time.Time

	mu    sync.Mutex
	state StoreState
}

// StoreState is what is known of the state store.
type StoreState struct {
	State string    `json:"state"`
	Since time.Time `json:"since"`
	Error string    `json:"error"`
	// Forgets says how its settings let it lose counts.
	Forgets string `json:"forgets"`
}

// settingsEvery is how many looks there are from one at the settings to the next.
const settingsEvery = 30

// NewWatch begins without a store.
func NewWatch(now func() time.Time) *Watch { return &Watch{now: now, state: StoreState{State: "None"}} }

// State is a copy.
func (w *Watch) State() StoreState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

// Run asks the store now and then, until the context ends: whether it answers, and less often what it may forget.
func (w *Watch) Run(ctx context.Context, every time.Duration, ready func(context.Context) error, forgets func(context.Context) (string, error)) {
	due := 0
	ticking.AtOnce(ctx, every, func() {
		err := ready(ctx)
		w.look(err)
		if due--; due > 0 || err != nil {
			return
		}
		if text, err := forgets(ctx); err == nil {
			due = settingsEvery
			w.mu.Lock()
			defer w.mu.Unlock()
			w.state.Forgets = text
		}
	})
}

func (w *Watch) look(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	state, text := "Ready", ""
	if err != nil {
		state, text = "Away", err.Error()
	}
	if state != w.state.State {
		w.state.Since = w.now()
	}
	w.state.State, w.state.Error = state, text
}
