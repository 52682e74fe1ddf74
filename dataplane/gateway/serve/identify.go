package serve

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"

	"agentops.dev/dataplane/identity"
)

const (
	// knownFor is how long a token that was verified is not verified again: a signature costs as much as the rest of a call.
	knownFor = 30 * time.Second
	// knownMost bounds the tokens that are remembered.
	knownMost = 20_000
)

// gate verifies tokens and remembers the good ones for a while.
type gate struct {
	verifier Callers
	now      func() time.Time

	mu    sync.RWMutex
	known map[string]known
}

type known struct {
	id    identity.Identity
	until time.Time
}

func newGate(v Callers, now func() time.Time) *gate {
	return &gate{verifier: v, now: now, known: map[string]known{}}
}

// agent verifies the caller. Anthropic's SDKs send the token as x-api-key.
func (g *gate) agent(ctx context.Context, h http.Header) (identity.Identity, *refusal) {
	token := h.Get("Authorization")
	if token == "" {
		if key := h.Get("X-Api-Key"); key != "" {
			token = "Bearer " + key
		}
	}
	g.mu.RLock()
	k, ok := g.known[token]
	g.mu.RUnlock()
	now := g.now()
	if ok && now.Before(k.until) {
		return k.id, nil
	}
	id, expires, refused := g.verifier.Caller(ctx, token)
	if refused != nil {
		return id, tokenRefused(refused)
	}
	until := now.Add(knownFor)
	if expires.Before(until) {
		until = expires
	}
	g.remember(token, known{id, until}, now)
	return id, nil
}

func (g *gate) remember(token string, k known, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.known) >= knownMost {
		for t, old := range g.known {
			if now.After(old.until) || len(g.known) >= knownMost {
				delete(g.known, t)
			}
		}
	}
	g.known[token] = k
}

func tokenRefused(r *identity.Refusal) *refusal {
	switch {
	case r.Retry():
		return policy(http.StatusServiceUnavailable, "keys_unavailable", "", "the issuer's keys cannot be read just now").after(5 * time.Second)
	case r.Reason == identity.NoToken:
		return policy(http.StatusUnauthorized, "token_missing", "", "send the service-account token of the agent's pod as a bearer token")
	}
	return notAccepted(r.Reason)
}

func notAccepted(r identity.Reason) *refusal {
	return policy(http.StatusUnauthorized, "token_refused", string(r), "the token is not accepted (%s): %s", r, cmp.Or(mends[r], sendOwn))
}

const sendOwn = "send the one that the sidecar's forwarder has, through 127.0.0.1:4319"

// mends are what to do about a token that is not accepted.
var mends = map[identity.Reason]string{
	identity.Expired:                "it is too old or not valid yet; read the file anew for each call, as the forwarder does",
	identity.WrongAudience:          "it was made for something else; its audience must be agentops/<namespace>/<agent>",
	identity.NamespaceMismatch:      "a pod speaks for agents of its own namespace only",
	identity.ServiceAccountMismatch: "the agent is bound to another service account; see spec.serviceAccountName",
	identity.WrongIssuer:            "another cluster issued it",
	identity.NotBound:               "it belongs to no pod; use a projected one",
}
