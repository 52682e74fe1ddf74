// Package upstream asks providers. Where client and provider speak the same language the bytes pass as they are; where they
// do not, the Bifrost library translates.
package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/body"
	"agentops.dev/dataplane/gateway/plan"
)

// Call is one question to one target. Body is the call's own: it may be changed.
type Call struct {
	API    api.API
	Body   *body.Object
	Stream bool
	Name   string
	Target plan.Target
	// Beta is the client's anthropic-beta header, which says what its body may hold.
	Beta string
	// Token is what the agent itself showed; a gateway in its namespace asks for it.
	Token string
}

// Answer is what came back: a body, or events.
type Answer struct {
	Body   []byte
	Events Events
}

// Events is a stream in the client's language. Next returns io.EOF where the provider ended it.
type Events interface {
	Next() (api.Event, error)
	// Started says that something of the answer came: from now on silence counts, and no longer the time since the start.
	Started()
	// More says that a further event is there already, so that there is no haste to send this one.
	More() bool
	// Close ends the call; the provider stops writing.
	Close()
}

// Class says what kind of failure it is; it decides what follows.
type Class string

// The classes there are. ClientError is what the request itself is to blame for, refusals included.
const (
	RateLimited     Class = "RateLimited"
	ServerError     Class = "ServerError"
	Timeout         Class = "Timeout"
	Connection      Class = "Connection"
	Unauthorized    Class = "Unauthorized"
	InvalidResponse Class = "InvalidResponse"
	ClientError     Class = "Client"
	Unsupported     Class = "Unsupported"
	Canceled        Class = "Canceled"
)

// Failure is a call without an answer.
type Failure struct {
	Class  Class
	Status int
	// Message, Type, Code and Param are the provider's words.
	Message, Type, Code, Param string
	RetryAfter                 time.Duration
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s (HTTP %d): %s", f.Class, f.Status, f.Message)
}

// errIdle ends a stream in which nothing comes any more.
var errIdle = errors.New("the provider is silent")

// Clients finds the client of a call.
type Clients struct {
	direct     *direct
	translated *translated
	via        *via
}

// NewClients makes the clients of a process.
//
// secrets is the directory of credentials, token the file with the token for gateways of tenants.
func NewClients(secrets, token, userAgent string) *Clients {
	s := NewSecrets(secrets)
	d := newDirect(s, userAgent)
	return &Clients{direct: d, translated: newTranslated(s, d.directory), via: newVia(token, userAgent)}
}

// Over makes clients whose calls a round tripper answers in place of the network; they have no credentials.
func Over(t http.RoundTripper, userAgent string) *Clients {
	c := NewClients("", "", userAgent)
	c.direct.client.Transport = t
	return c
}

// Do asks the call's target.
func (c *Clients) Do(ctx context.Context, call *Call) (*Answer, *Failure) {
	if call.Target.Via != "" {
		return c.via.Do(ctx, call)
	}
	if speaks(call.Target.Provider, call.API.Kind()) {
		return c.direct.Do(ctx, call)
	}
	return c.translated.Do(ctx, call)
}

// speaks says whether a provider speaks the interface natively.
func speaks(p plan.Provider, kind api.Kind) bool {
	switch p {
	case plan.OpenAI, plan.Azure:
		return kind != api.MessagesKind
	case plan.Anthropic:
		return kind == api.MessagesKind
	}
	return compatible(p) && (kind == api.ChatKind || kind == api.EmbeddingsKind)
}
