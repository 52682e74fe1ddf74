package upstream

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/maximhq/bifrost/core/providers/anthropic"
	"github.com/maximhq/bifrost/core/providers/azure"
	"github.com/maximhq/bifrost/core/providers/openai"
	"github.com/maximhq/bifrost/core/schemas"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/plan"
)

// translated asks providers that speak another language than the client.
type translated struct {
	secrets   *Secrets
	library   *library
	directory *directory
}

func newTranslated(s *Secrets, d *directory) *translated {
	return &translated{secrets: s, library: &library{providers: map[way]schemas.Provider{}}, directory: d}
}

// kinds are the library's names.
var kinds = map[plan.Provider]schemas.ModelProvider{
	plan.OpenAI: schemas.OpenAI, plan.Azure: schemas.Azure, plan.Anthropic: schemas.Anthropic, plan.Bedrock: schemas.Bedrock,
	plan.Vertex: schemas.Vertex, plan.Gemini: schemas.Gemini, plan.Cohere: schemas.Cohere,
}

// question is a call in the library's form; one of the requests is set.
type question struct {
	provider   schemas.Provider
	key        schemas.Key
	chat       *schemas.BifrostChatRequest
	responses  *schemas.BifrostResponsesRequest
	embeddings *schemas.BifrostEmbeddingRequest
}

// Do asks. The library does not stop asking when the context ends, so a call whose time is over is left behind;
// its connection has a timeout of its own.
func (t *translated) Do(ctx context.Context, call *Call) (*Answer, *Failure) {
	q, failure := t.question(call)
	if failure != nil {
		return nil, failure
	}
	cancelable, cancel := context.WithCancel(ctx)
	limit := newClock(cancel, time.Duration(call.Target.TimeoutMilliseconds)*time.Millisecond)
	bf := schemas.NewBifrostContext(cancelable, schemas.NoDeadline)
	if call.API.Kind() == api.MessagesKind {
		bf.SetValue(schemas.BifrostContextKeyIntegrationType, "anthropic")
	}
	if failure := t.prepare(cancelable, bf, limit, call, q); failure != nil {
		limit.stop()
		return nil, failure
	}
	result := make(chan outcome, 1)
	go func() { result <- ask(bf, call, q) }()
	select {
	case got := <-result:
		return got.settle(bf, call, limit)
	case <-cancelable.Done():
		limit.stop()
		return nil, broken(ctx, limit, context.Canceled)
	}
}

// prepare does what the library would do otherwise than we want it.
func (t *translated) prepare(ctx context.Context, bf *schemas.BifrostContext, limit *clock, call *Call, q *question) *Failure {
	if q.responses != nil && compatible(call.Target.Provider) {
		if err := q.asChat(bf, call); err != nil {
			return &Failure{Class: ClientError, Status: http.StatusBadRequest, Message: "the request cannot be translated", Type: "invalid_request_error"}
		}
	}
	if call.Target.Provider != plan.Azure || q.key.Value.Val != "" {
		return nil
	}
	h := http.Header{}
	if failure := t.directory.authorize(ctx, limit, h, t.secrets, call.Target); failure != nil {
		return failure
	}
	bf.SetValue(azure.AzureAuthorizationTokenKey, strings.TrimPrefix(h.Get("Authorization"), "Bearer "))
	return nil
}

type outcome struct {
	body   []byte
	chunks chan *schemas.BifrostStreamChunk
	failed *schemas.BifrostError
	err    error
}

func (o outcome) settle(bf *schemas.BifrostContext, call *Call, limit *clock) (*Answer, *Failure) {
	if o.chunks != nil {
		return &Answer{Events: &chunks{in: o.chunks, ctx: bf, kind: call.API.Kind(), limit: limit,
			idle: time.Duration(call.Target.StreamIdleMilliseconds) * time.Millisecond}}, nil
	}
	defer limit.stop()
	switch {
	case o.err != nil:
		return nil, &Failure{Class: InvalidResponse, Message: o.err.Error()}
	case o.failed != nil:
		f := failureOf(o.failed, limit)
		f.RetryAfter = retryAfter(headersOf(bf))
		return nil, f
	}
	return &Answer{Body: o.body}, nil
}

// headersOf are those of the provider's answer, which the library leaves in its context.
func headersOf(bf *schemas.BifrostContext) http.Header {
	out := http.Header{}
	found, _ := bf.Value(schemas.BifrostContextKeyProviderResponseHeaders).(map[string]string)
	for name, value := range found {
		out.Set(name, value)
	}
	return out
}

func (t *translated) question(call *Call) (*question, *Failure) {
	provider, err := t.library.provider(call.Target)
	if err != nil {
		return nil, &Failure{Class: Unsupported, Status: http.StatusBadRequest, Message: err.Error()}
	}
	k, err := key(t.secrets, call.Target)
	if err != nil {
		return nil, &Failure{Class: Unauthorized, Message: err.Error(), Code: CredentialMissing}
	}
	q := &question{provider: provider, key: k}
	call.Body.SetText("model", call.Target.Model)
	if err := q.read(call); err != nil {
		return nil, &Failure{Class: ClientError, Status: http.StatusBadRequest, Message: "the request cannot be translated: " + err.Error(), Type: "invalid_request_error"}
	}
	return q, nil
}

func (q *question) read(call *Call) error {
	bf := schemas.NewBifrostContext(context.Background(), schemas.NoDeadline)
	data, name := call.Body.Bytes(), kinds[call.Target.Provider]
	if name == "" {
		name = schemas.ModelProvider(call.Target.Provider)
	}
	switch call.API.Kind() {
	case api.ChatKind:
		// The library knows the maximum by its newer name only; under the older one it would be lost.
		newerWord(call.Body)
		data = call.Body.Bytes()
		r := &openai.OpenAIChatRequest{}
		if err := schemas.Unmarshal(data, r); err != nil {
			return shape(err)
		}
		q.chat = r.ToBifrostChatRequest(bf)
		// The library takes the part before a slash for a provider.
		q.chat.Provider, q.chat.Model, q.chat.Fallbacks = name, call.Target.Model, nil
	case api.ResponsesKind:
		r := &openai.OpenAIResponsesRequest{}
		if err := schemas.Unmarshal(data, r); err != nil {
			return shape(err)
		}
		q.responses = r.ToBifrostResponsesRequest(bf)
		q.responses.Provider, q.responses.Model, q.responses.Fallbacks = name, call.Target.Model, nil
	case api.MessagesKind:
		r := &anthropic.AnthropicMessageRequest{}
		if err := schemas.Unmarshal(data, r); err != nil {
			return shape(err)
		}
		q.responses = r.ToBifrostResponsesRequest(bf)
		q.responses.Provider, q.responses.Model, q.responses.Fallbacks = name, call.Target.Model, nil
	case api.EmbeddingsKind:
		r := &openai.OpenAIEmbeddingRequest{}
		if err := schemas.Unmarshal(data, r); err != nil {
			return shape(err)
		}
		q.embeddings = r.ToBifrostEmbeddingRequest(bf)
		q.embeddings.Provider, q.embeddings.Model, q.embeddings.Fallbacks = name, call.Target.Model, nil
	}
	return nil
}

// shape leaves out the library's quotation of the body, which would carry a prompt into a log.
func shape(error) error { return fmt.Errorf("a field has another type than the interface says") }
