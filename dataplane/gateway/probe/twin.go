package probe

import (
	"context"
	"net/http"
	"strings"
	"time"

	"agentops.dev/dataplane/gateway/account"
	"agentops.dev/dataplane/gateway/live"
	"agentops.dev/dataplane/gateway/route"
	"agentops.dev/dataplane/gateway/serve"
	"agentops.dev/dataplane/gateway/telemetry"
	"agentops.dev/dataplane/gateway/upstream"
	"agentops.dev/dataplane/identity"
	"agentops.dev/dataplane/limits"
)

// twin calls under one row of the plan in force, in a scope of its own: the handler, the scripts and the store are those of
// agents; the name, the providers and the books are not.
type twin struct {
	ctx    context.Context
	server *serve.Server
	model  *model
	books  *books
	// all is a call under every limit of the twin.
	all *limits.Call
	// found is what was seen; nothing is done after it is known.
	found *Outcome
}

const (
	alias   = "probe"
	endUser = "probe"
	// longest is how long a check may take; after that the store, or the process, is too slow to say anything.
	longest = 15 * time.Second
)

// books are the real ones; they remember the last call.
type books struct {
	Store
	last *limits.Verdict
}

// Reserve implements serve.Store.
func (b *books) Reserve(ctx context.Context, call *limits.Call) (*limits.Verdict, error) {
	v, err := b.Store.Reserve(ctx, call)
	b.last = v
	return v, err
}

// own takes every caller for the twin.
type own string

// Caller implements serve.Callers.
func (name own) Caller(context.Context, string) (identity.Identity, time.Time, *identity.Refusal) {
	return identity.Identity{Namespace: string(name), Agent: alias}, time.Now().Add(time.Hour), nil
}

// nobody is told of the twin's calls: they are no use of anybody.
type nobody struct{}

// Call implements telemetry.Sink.
func (nobody) Call(*telemetry.Report) {}

func newTwin(ctx context.Context, o serve.Options, store Store, name string, c *check) *twin {
	fixed := live.Over(c.plan(name), c.guards)
	t := &twin{ctx: ctx, model: &model{input: 1, output: 1}, books: &books{Store: store}}
	o.Live, o.Verifier, o.Board, o.Sink, o.CacheMiB, o.Store = fixed, own(name), route.NewBoard(), nobody{}, 1, nil
	o.Clients = upstream.Over(t.model, "agentops-gateway-probe")
	if store != nil {
		o.Store = t.books
	}
	t.server = serve.New(o)
	t.all = fixed.Snapshot().Books.Call(account.Who{Agent: name + "/" + alias, Run: alias, EndUser: endUser}, alias, limits.Amounts{}, 0, time.Minute)
	return t
}

// call makes one call of a run; an empty run is none.
func (t *twin) call(run, prompt string) *answer {
	return t.post(run, `{"model":"`+alias+`","max_tokens":1,"messages":[{"role":"user","content":"`+prompt+`"}]}`)
}

// post sends a request as a client does.
func (t *twin) post(run, body string) *answer {
	a := &answer{header: http.Header{}}
	r, err := http.NewRequestWithContext(t.ctx, http.MethodPost, "/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		a.status = http.StatusInternalServerError
		return a
	}
	r.Header = http.Header{"Authorization": {"Bearer probe"}, "X-Agentops-End-User": {endUser}}
	if run != "" {
		r.Header.Set("X-Agentops-Run-Id", run)
	}
	t.server.ServeHTTP(a, r)
	return a
}

// forget drops what the store holds of the twin, what a process that died left included.
func (t *twin) forget(ctx context.Context) {
	if t.all == nil || t.books.Store == nil {
		return
	}
	if err := t.books.Forget(ctx, t.all); err != nil {
		t.waits("the state store is away")
	}
}
