// Package relay is what a relay knows: which agents there are, how their sidecars do, how its backends do. It belongs to
// the process and not to a pipeline, so that a new configuration forgets nothing.
package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"agentops.dev/dataplane/ticking"
)

// Key names an agent.
type Key struct{ Namespace, Agent string }

func (k Key) String() string { return k.Namespace + "/" + k.Agent }

// Agent is what the operator says about an agent. Digest is the row's own, told back to the operator so that it knows
// which version of the row is in force.
type Agent struct {
	Digest             string   `json:"digest"`
	Team               string   `json:"team"`
	UseCase            string   `json:"useCase"`
	ServiceAccountName string   `json:"serviceAccountName"`
	Backends           []string `json:"backends"`
	SamplePercent      *float64 `json:"samplePercent"`
	// ProbeEgress asks the agent's sidecars to look at the canary.
	ProbeEgress bool `json:"probeEgress"`
}

// Bound says whether the agent's data goes to the backend.
func (a Agent) Bound(backend string) bool { return slices.Contains(a.Backends, backend) }

// Percent is the share of traces that goes to backends; not stated means all.
func (a Agent) Percent() float64 {
	if a.SamplePercent == nil {
		return 100
	}
	return *a.SamplePercent
}

type table struct {
	Version int              `json:"version"`
	Digest  string           `json:"digest"`
	Agents  map[string]Agent `json:"agents"`
}

// Agents is the identity table, swapped whole. The zero value knows nobody.
type Agents struct {
	table atomic.Pointer[table]
	raw   []byte
	err   atomic.Pointer[string]
}

// Get returns what the operator said about an agent.
func (a *Agents) Get(k Key) (Agent, bool) {
	t := a.table.Load()
	if t == nil {
		return Agent{}, false
	}
	agent, ok := t.Agents[k.String()]
	return agent, ok
}

// Known says whether the operator named the agent.
func (a *Agents) Known(k Key) bool {
	_, ok := a.Get(k)
	return ok
}

// Digest names the table in force.
func (a *Agents) Digest() string {
	if t := a.table.Load(); t != nil {
		return t.Digest
	}
	return ""
}

// Error says why the last table was refused.
func (a *Agents) Error() string {
	if e := a.err.Load(); e != nil {
		return *e
	}
	return ""
}

// Refresh looks at the file once; a table that cannot be read leaves the last good one in force.
func (a *Agents) Refresh(path string) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return // mounted later than the relay starts; nobody is exported until then
	}
	if err == nil && bytes.Equal(data, a.raw) {
		return
	}
	a.raw = data
	text := ""
	if err == nil {
		err = a.swap(data)
	}
	if err != nil {
		text = err.Error()
	}
	a.err.Store(&text)
}

func (a *Agents) swap(data []byte) error {
	t := &table{}
	if err := json.Unmarshal(data, t); err != nil {
		return fmt.Errorf("agents table: %w", err)
	}
	if t.Version != 1 {
		return fmt.Errorf("agents table: version %d is not known here, only 1", t.Version)
	}
	a.table.Store(t)
	return nil
}

// Watch keeps the table fresh until the context ends.
func (a *Agents) Watch(ctx context.Context, path string, poll time.Duration) {
	ticking.AtOnce(ctx, poll, func() { a.Refresh(path) })
}
