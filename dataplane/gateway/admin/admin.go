// Package admin is the gateway's other port: health, the plan that is in force, the state of targets, and what agents used.
package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"agentops.dev/dataplane/gateway/guard"
	"agentops.dev/dataplane/gateway/live"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/probe"
	"agentops.dev/dataplane/gateway/route"
	"agentops.dev/dataplane/gateway/telemetry"
	"agentops.dev/dataplane/identity"
	"agentops.dev/dataplane/limits"
)

// Gateway is what the port tells about.
type Gateway struct {
	ID, Version string
	StartedAt   time.Time
	// Operator is the subject that may read; empty: every reader, for tests.
	Operator string
	// Lends says that this is the gateway of a tenant's namespace.
	Lends    bool
	Live     *live.Live
	Verifier *identity.Verifier
	Board    *route.Board
	// Missing says why a target's credential cannot be used.
	Missing  func(plan.Target) string
	Draining func() bool
	Store    *Watch
	// Probes says which limits of the plan were observed.
	Probes func() *probe.State
	Usage  Usage
	People People
	// History is told of decisions.
	History telemetry.History
	Now     func() time.Time
}

// Usage reads the state store; nil where there is none.
type Usage interface {
	Usage(ctx context.Context, charge limits.Charge) (*limits.BudgetState, error)
	Runs(ctx context.Context, agent, cursor string, size int) (*limits.Page, error)
}

// Handler of the port.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", g.ready)
	if g.Lends {
		mux.HandleFunc("GET /v1/state", g.lent)
		return mux
	}
	mux.HandleFunc("GET /v1/state", g.operator(g.state))
	mux.HandleFunc("GET /v1/usage", g.operator(g.usage))
	mux.HandleFunc("GET /v1/runs", g.operator(g.runs))
	mux.HandleFunc("GET /v1/holds", g.operator(g.holds))
	mux.HandleFunc("POST /v1/decisions", g.operator(g.decide))
	return mux
}

func (g *Gateway) ready(w http.ResponseWriter, _ *http.Request) {
	switch {
	case g.Draining():
		http.Error(w, "draining", http.StatusServiceUnavailable)
	case g.Live.Snapshot() == nil:
		http.Error(w, "no plan is in force", http.StatusServiceUnavailable)
	default:
		_, _ = w.Write([]byte("ok\n"))
	}
}

// operator lets only the operator in.
func (g *Gateway) operator(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, refusal := g.Verifier.Reader(r.Context(), r.Header.Get("Authorization"))
		if refusal != nil {
			identity.Refuse(w, refusal)
			return
		}
		if g.Operator != "" && id.Subject() != g.Operator {
			http.Error(w, "only the operator may read this", http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

type about struct {
	ID        string    `json:"id"`
	Version   string    `json:"version"`
	StartedAt time.Time `json:"startedAt"`
	Draining  bool      `json:"draining"`
}

func (g *Gateway) state(w http.ResponseWriter, _ *http.Request) {
	inForce := g.Live.State() // first: what is said below is of this plan or of a newer one
	targets := map[string]route.State{}
	canaries := guard.Canaries{Leaked: map[string][]string{}}
	if s := g.Live.Snapshot(); s != nil {
		for name, t := range s.Plan.Targets {
			targets[name] = g.target(name, t)
		}
		canaries = s.Guards.Canaries(g.Now())
	}
	answer(w, map[string]any{
		"gateway":    about{g.ID, g.Version, g.StartedAt, g.Draining()},
		"plan":       inForce,
		"store":      g.Store.State(),
		"targets":    targets,
		"guardrails": canaries,
		"probes":     g.Probes(),
	})
}

func (g *Gateway) target(name string, t plan.Target) route.State {
	s := g.Board.Target(name).State(g.Now())
	if missing := g.Missing(t); missing != "" {
		s.State, s.Error = "CredentialMissing", missing
	}
	return s
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
