package serve

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"agentops.dev/dataplane/identity"
)

// gate verifies tokens and remembers the good ones for a while.
type gate struct {
	verifier Callers
	known    *identity.Known
}

func newGate(v Callers, now func() time.Time) *gate {
	return &gate{verifier: v, known: identity.NewKnown(now)}
}

// agent verifies the caller.
func (g *gate) agent(ctx context.Context, token string) (identity.Identity, *refusal) {
	id, refused := g.known.Get(token, func() (identity.Identity, time.Time, *identity.Refusal) { return g.verifier.Caller(ctx, token) })
	if refused != nil {
		return id, tokenRefused(refused)
	}
	return id, nil
}

// tokenOf is the caller's token. Anthropic's SDKs send it as x-api-key.
func tokenOf(h http.Header) string {
	if token := h.Get("Authorization"); token != "" {
		return token
	}
	if key := h.Get("X-Api-Key"); key != "" {
		return "Bearer " + key
	}
	return ""
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
