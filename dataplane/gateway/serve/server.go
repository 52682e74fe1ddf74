// Package serve answers clients: who calls, what is allowed, who answers, what it cost.
package serve

import (
	"context"
	"net/http"
	"strings"
	"time"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/door"
	"agentops.dev/dataplane/gateway/live"
	"agentops.dev/dataplane/gateway/route"
	"agentops.dev/dataplane/gateway/telemetry"
	"agentops.dev/dataplane/gateway/upstream"
	"agentops.dev/dataplane/identity"
	"agentops.dev/dataplane/limits"
)

// Store is what the server needs of the state store.
type Store interface {
	Reserve(ctx context.Context, call *limits.Call) (*limits.Verdict, error)
	Unreserved(call *limits.Call) *limits.Reservation
	Commit(ctx context.Context, r *limits.Reservation, u limits.Usage) (*limits.Receipt, error)
	Release(ctx context.Context, r *limits.Reservation) error
}

// Callers says whose a token is, and until when it is good.
type Callers interface {
	Caller(ctx context.Context, authorization string) (identity.Identity, time.Time, *identity.Refusal)
}

// Options of a server.
type Options struct {
	Live     *live.Live
	Verifier Callers
	// Store is nil where there is none.
	Store    Store
	Clients  *upstream.Clients
	Board    *route.Board
	Sink     telemetry.Sink
	MaxBody  int64
	CacheMiB int
	Now      func() time.Time
}

// Server is the LLM API.
type Server struct {
	Options
	door.Door
	gate  *gate
	cache *cache
}

// New makes a server.
func New(o Options) *Server {
	return &Server{Options: o, gate: newGate(o.Verifier, o.Now), cache: newCache(max(1, o.CacheMiB) << 20)}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.Enter(w, r)()
	a, ok := api.ForPath(r.URL.Path)
	switch {
	case ok && r.Method == http.MethodPost:
		s.call(w, r, a)
	case isModels(r.URL.Path) && r.Method == http.MethodGet:
		s.models(w, r)
	case ok:
		otherMethod(w, r, http.MethodPost)
	case isModels(r.URL.Path):
		otherMethod(w, r, http.MethodGet)
	default:
		policy(http.StatusNotFound, "not_found", "", "there is no such interface here").write(w, speaker(r))
	}
}

func otherMethod(w http.ResponseWriter, r *http.Request, method string) {
	w.Header()["Allow"] = []string{method}
	policy(http.StatusMethodNotAllowed, "invalid_request", "", "this interface is asked with %s", method).write(w, speaker(r))
}

// speaker is the interface in whose words a client that asked for something else is answered.
func speaker(r *http.Request) api.API {
	if strings.HasPrefix(r.URL.Path, "/anthropic/") || r.Header.Get("Anthropic-Version") != "" {
		return api.Messages{}
	}
	return api.Chat{}
}

// caller is who calls, and what holds for it.
type caller struct {
	identity identity.Identity
	// token is what the caller showed, for a gateway that must see it too.
	token    string
	snapshot *live.Snapshot
	agent    *live.Agent
}

// admit finds the agent of a request.
func (s *Server) admit(r *http.Request) (caller, *refusal) {
	if s.Draining() {
		return caller{}, policy(http.StatusServiceUnavailable, "draining", "", "this gateway ends; ask again").after(time.Second)
	}
	token := tokenOf(r.Header)
	id, refused := s.gate.agent(r.Context(), token)
	if refused != nil {
		return caller{}, refused
	}
	c := caller{identity: id, token: token, snapshot: s.Live.Snapshot()}
	if c.snapshot == nil {
		return c, policy(http.StatusServiceUnavailable, "plan_missing", "", "no plan is in force yet").after(5 * time.Second)
	}
	name := id.Namespace + "/" + id.Agent
	c.agent = c.snapshot.Agent(name)
	switch {
	case c.agent == nil:
		return c, policy(http.StatusForbidden, "agent_unknown", "", "the plan has no agent %s", name)
	case c.agent.ServiceAccountName != "" && c.agent.ServiceAccountName != id.ServiceAccount:
		return c, notAccepted(identity.ServiceAccountMismatch)
	}
	return c, nil
}
