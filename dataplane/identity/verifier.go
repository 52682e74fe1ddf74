package identity

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// accepted are the algorithms of service-account tokens. "none" and the symmetric ones must never be among them.
var accepted = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.ES384, jose.ES512}

// Accounts says which service account an agent is bound to; "" means any of its namespace.
type Accounts func(namespace, agent string) string

// Verifier turns tokens into identities.
type Verifier struct {
	keys     *Keys
	accounts Accounts
	refused  func(Reason)
	now      func() time.Time
}

// NewVerifier counts each refusal through refused.
func NewVerifier(keys *Keys, accounts Accounts, refused func(Reason), now func() time.Time) *Verifier {
	return &Verifier{keys: keys, accounts: accounts, refused: refused, now: now}
}

// Agent verifies the token of a sidecar.
func (v *Verifier) Agent(ctx context.Context, authorization string) (Identity, *Refusal) {
	return v.verify(ctx, authorization, v.agent)
}

// Caller verifies the token of an agent and says until when it is good. Which service account the agent is bound to is not
// looked at: that may change while the token is remembered.
func (v *Verifier) Caller(ctx context.Context, authorization string) (Identity, time.Time, *Refusal) {
	expires := time.Time{}
	id, refusal := v.verify(ctx, authorization, func(c claims) (Identity, *Refusal) {
		expires = c.Expiry.Time()
		return bound(c)
	})
	return id, expires, refusal
}

// Sender verifies the token of who sends telemetry: a sidecar, or the gateway, which is the service account of that subject.
// An empty subject is nobody.
func (v *Verifier) Sender(ctx context.Context, authorization, gateway string) (Identity, *Refusal) {
	return v.verify(ctx, authorization, func(c claims) (Identity, *Refusal) {
		if id := c.identity(); gateway != "" && isReader(c.Audience) && id.Subject() == gateway && id.PodUID != "" {
			id.Gateway = true
			return id, nil
		}
		return v.agent(c)
	})
}

// Gateway verifies the token that the shared gateway shows to a gateway in a tenant's namespace, and says until when it is good.
func (v *Verifier) Gateway(ctx context.Context, authorization string) (Identity, time.Time, *Refusal) {
	expires := time.Time{}
	id, refusal := v.verify(ctx, authorization, func(c claims) (Identity, *Refusal) {
		expires = c.Expiry.Time()
		id := c.identity()
		switch {
		case !slices.Contains(c.Audience, TenantAudience):
			return Identity{}, &Refusal{WrongAudience}
		case id.PodUID == "":
			return Identity{}, &Refusal{NotBound}
		}
		return id, nil
	})
	return id, expires, refusal
}

// Reader verifies the token of somebody who reads from the relay.
func (v *Verifier) Reader(ctx context.Context, authorization string) (Identity, *Refusal) {
	return v.verify(ctx, authorization, reader)
}

type claims struct {
	jwt.Claims
	Kubernetes struct {
		Namespace string `json:"namespace"`
		Pod       struct {
			Name string `json:"name"`
			UID  string `json:"uid"`
		} `json:"pod"`
		ServiceAccount struct {
			Name string `json:"name"`
		} `json:"serviceaccount"`
	} `json:"kubernetes.io"`
}

func (v *Verifier) verify(ctx context.Context, authorization string, who func(claims) (Identity, *Refusal)) (Identity, *Refusal) {
	id, refusal := Identity{}, (*Refusal)(nil)
	c, refusal := v.claims(ctx, authorization)
	if refusal == nil {
		id, refusal = who(c)
	}
	if refusal != nil {
		v.refused(refusal.Reason)
		return Identity{}, refusal
	}
	return id, nil
}

func (v *Verifier) claims(ctx context.Context, authorization string) (claims, *Refusal) {
	scheme, raw, ok := strings.Cut(authorization, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || raw == "" {
		return claims{}, &Refusal{NoToken}
	}
	token, err := jwt.ParseSigned(strings.TrimSpace(raw), accepted)
	if err != nil || len(token.Headers) != 1 {
		return claims{}, &Refusal{Malformed}
	}
	key, issuer, refusal := v.keys.find(ctx, token.Headers[0].KeyID)
	if refusal != nil {
		return claims{}, refusal
	}
	var c claims
	if err := token.Claims(key, &c); err != nil {
		return claims{}, &Refusal{BadSignature}
	}
	return c, v.timely(c, issuer)
}

func (v *Verifier) timely(c claims, issuer string) *Refusal {
	// A token without an end would be good for ever.
	if c.Expiry == nil {
		return &Refusal{Expired}
	}
	err := c.ValidateWithLeeway(jwt.Expected{Issuer: issuer, Time: v.now()}, 30*time.Second)
	switch {
	case errors.Is(err, jwt.ErrInvalidIssuer):
		return &Refusal{WrongIssuer}
	case err != nil:
		return &Refusal{Expired}
	}
	return nil
}

func (v *Verifier) agent(c claims) (Identity, *Refusal) {
	id, refusal := bound(c)
	if refusal != nil {
		return Identity{}, refusal
	}
	if want := v.accounts(id.Namespace, id.Agent); want != "" && want != id.ServiceAccount {
		return Identity{}, &Refusal{ServiceAccountMismatch}
	}
	return id, nil
}

// bound is the identity of an agent whose token belongs to a pod of its namespace.
func bound(c claims) (Identity, *Refusal) {
	namespace, agent, ok := agentOf(c.Audience)
	id := c.identity()
	id.Agent = agent
	switch {
	case !ok:
		return Identity{}, &Refusal{WrongAudience}
	case namespace != id.Namespace:
		return Identity{}, &Refusal{NamespaceMismatch}
	case id.PodUID == "":
		return Identity{}, &Refusal{NotBound}
	}
	return id, nil
}

func reader(c claims) (Identity, *Refusal) {
	id := c.identity()
	if !isReader(c.Audience) || id.Namespace == "" || id.ServiceAccount == "" {
		return Identity{}, &Refusal{WrongAudience}
	}
	return id, nil
}

func (c claims) identity() Identity {
	k := c.Kubernetes
	return Identity{Namespace: k.Namespace, ServiceAccount: k.ServiceAccount.Name, PodName: k.Pod.Name, PodUID: k.Pod.UID}
}
