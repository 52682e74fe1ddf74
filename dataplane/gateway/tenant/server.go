// Package tenant is the gateway in a tenant's namespace: it asks providers with the credentials of that namespace. Identity,
// limits, guardrails and the choice of a target are the shared gateway's, and it works for that one alone.
package tenant

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/body"
	"agentops.dev/dataplane/gateway/door"
	"agentops.dev/dataplane/gateway/live"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/sse"
	"agentops.dev/dataplane/gateway/upstream"
	"agentops.dev/dataplane/identity"
)

// Options of a server.
type Options struct {
	Live     *live.Live
	Verifier *identity.Verifier
	Clients  *upstream.Clients
	// Namespace whose agents are served.
	Namespace string
	// Gateway is the account of the shared gateway.
	Gateway string
	MaxBody int64
	Now     func() time.Time
}

// Server answers the shared gateway.
type Server struct {
	Options
	door.Door
	gateways, agents *identity.Known
}

// New makes a server.
func New(o Options) *Server {
	return &Server{Options: o, gateways: identity.NewKnown(o.Now), agents: identity.NewKnown(o.Now)}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.Enter(w, r)()
	a, ok := api.ForPath(r.URL.Path)
	switch {
	case !ok || r.Method != http.MethodPost:
		http.Error(w, "there is no such interface here", http.StatusNotFound)
	case s.Draining():
		http.Error(w, "this gateway ends; ask again", http.StatusServiceUnavailable)
	case s.admit(w, r):
		s.ask(w, r, a)
	}
}

// admit lets the shared gateway in, with a call of an agent of this namespace. Either token alone opens nothing: the first is
// shown in every namespace that has a gateway, the second may be in the hands of the agent.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) bool {
	token := r.Header.Get("Authorization")
	gateway, refused := s.gateways.Get(token, func() (identity.Identity, time.Time, *identity.Refusal) {
		return s.Verifier.Gateway(r.Context(), token)
	})
	if refused != nil {
		identity.Refuse(w, refused)
		return false
	}
	shown := r.Header.Get(upstream.AgentHeader)
	agent, refused := s.agents.Get(shown, func() (identity.Identity, time.Time, *identity.Refusal) {
		return s.Verifier.Caller(r.Context(), shown)
	})
	if refused != nil {
		identity.Refuse(w, refused)
		return false
	}
	if gateway.Subject() != s.Gateway || agent.Namespace != s.Namespace {
		http.Error(w, "only the shared gateway may ask, for an agent of namespace "+s.Namespace, http.StatusForbidden)
		return false
	}
	return true
}

// ask asks the provider and gives on what it says.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, a api.API) {
	name := r.Header.Get(upstream.TargetHeader)
	target, ok := s.target(name)
	if !ok {
		upstream.WriteFailure(w, &upstream.Failure{Class: upstream.Connection, Message: "the gateway of namespace " + s.Namespace + " has no such target yet"})
		return
	}
	data, err := body.Read(w, r, s.MaxBody, body.Stuck)
	if err != nil {
		upstream.WriteFailure(w, unread(err))
		return
	}
	o, err := body.Parse(data)
	if err != nil {
		upstream.WriteFailure(w, &upstream.Failure{Class: upstream.ClientError, Status: http.StatusBadRequest, Message: err.Error()})
		return
	}
	call := &upstream.Call{API: a, Body: o, Stream: o.Get("stream").Bool(), Name: name, Target: target, Beta: r.Header.Get("Anthropic-Beta")}
	answer, failure := s.Clients.Do(r.Context(), call)
	switch {
	case failure != nil:
		upstream.WriteFailure(w, failure)
	case answer.Events != nil:
		pass(r.Context(), w, answer.Events)
	default:
		w.Header()["Content-Type"] = []string{"application/json"}
		body.Write(w, answer.Body, body.Stuck)
	}
}

// target finds what this gateway has a credential for. The shared gateway's clock ends a silent stream: here nobody knows when
// the answer itself began.
func (s *Server) target(name string) (plan.Target, bool) {
	snapshot := s.Live.Snapshot()
	if snapshot == nil {
		return plan.Target{}, false
	}
	t, ok := snapshot.Plan.Targets[name]
	t.StreamIdleMilliseconds = max(t.StreamIdleMilliseconds, t.TimeoutMilliseconds)
	return t, ok && t.Via == ""
}

func unread(err error) *upstream.Failure {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return &upstream.Failure{Class: upstream.ClientError, Status: http.StatusRequestEntityTooLarge, Message: "the body is too large"}
	}
	return &upstream.Failure{Class: upstream.Connection, Message: "the body ended too early"}
}

// pass gives on the events of a stream as they come.
func pass(ctx context.Context, w http.ResponseWriter, events upstream.Events) {
	defer events.Close()
	events.Started()
	w.Header()["Content-Type"] = []string{"text/event-stream; charset=utf-8"}
	w.WriteHeader(http.StatusOK)
	out := sse.NewWriter(w)
	for {
		e, err := events.Next()
		switch {
		case errors.Is(err, io.EOF):
			out.Flush()
			return
		case err != nil || ctx.Err() != nil:
			out.Flush()
			// A stream that was cut must look cut to the shared gateway.
			panic(http.ErrAbortHandler)
		}
		out.Write(e)
		if !events.More() {
			out.Flush()
		}
	}
}
