package upstream

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/maximhq/bifrost/core/providers/anthropic"
	"github.com/maximhq/bifrost/core/schemas"
	"github.com/tidwall/sjson"

	"agentops.dev/dataplane/gateway/api"
)

// asIs lets chunks through: guardrails and accounts are the gateway's.
func asIs(_ *schemas.BifrostContext, r *schemas.BifrostResponse, e *schemas.BifrostError) (*schemas.BifrostResponse, *schemas.BifrostError) {
	return r, e
}

// ask runs in a goroutine of its own and may outlive the call.
func ask(bf *schemas.BifrostContext, call *Call, q *question) (out outcome) {
	defer func() {
		// A provider's answer that the library did not expect must not end the process.
		if r := recover(); r != nil {
			out = outcome{err: errors.New("the provider's answer could not be translated")}
		}
	}()
	switch {
	case q.embeddings != nil:
		r, failed := q.provider.Embedding(bf, q.key, q.embeddings)
		return written(r, failed)
	case q.chat != nil && call.Stream:
		out.chunks, out.failed = q.provider.ChatCompletionStream(bf, asIs, nil, q.key, q.chat)
	case q.chat != nil:
		r, failed := q.provider.ChatCompletion(bf, q.key, q.chat)
		if failed == nil && r != nil && q.responses != nil {
			return response(bf, call, r.ToBifrostResponsesResponse())
		}
		if r != nil {
			finishes(r)
		}
		return written(r, failed)
	case call.Stream:
		out.chunks, out.failed = q.provider.ResponsesStream(bf, asIs, nil, q.key, q.responses)
	default:
		r, failed := q.provider.Responses(bf, q.key, q.responses)
		if failed == nil && r != nil {
			return response(bf, call, r)
		}
		return written(r, failed)
	}
	return out
}

// response writes an answer in the language of the client.
func response(bf *schemas.BifrostContext, call *Call, r *schemas.BifrostResponsesResponse) outcome {
	if call.API.Kind() == api.MessagesKind {
		return written(anthropic.ToAnthropicResponsesResponse(bf, r), nil)
	}
	fill(r)
	end(r)
	return written(r, nil)
}

func written[T any](answer *T, failed *schemas.BifrostError) outcome {
	switch {
	case failed != nil:
		return outcome{failed: failed}
	case answer == nil:
		return outcome{err: errors.New("the provider's answer is empty")}
	}
	data, err := schemas.Marshal(answer)
	if err != nil {
		return outcome{err: err}
	}
	return outcome{body: clean(data)}
}

// clean takes the library's own fields out.
func clean(data []byte) []byte {
	for _, field := range []string{"extra_fields", "response.extra_fields"} {
		if out, err := sjson.DeleteBytes(data, field); err == nil {
			data = out
		}
	}
	return data
}

// failureOf reads the library's error.
func failureOf(e *schemas.BifrostError, limit *clock) *Failure {
	f := &Failure{}
	if e.StatusCode != nil {
		f.Status = *e.StatusCode
	}
	if e.Error != nil {
		f.Message = e.Error.Message
		f.Type, f.Code = deref(e.Error.Type), deref(e.Error.Code)
		if e.Error.Param != nil {
			f.Param = fmt.Sprint(e.Error.Param)
		}
	}
	f.Class = libraryClass(f, limit)
	if f.Class == Connection {
		f.Message = "the connection to the provider broke"
	}
	return f
}

func libraryClass(f *Failure, limit *clock) Class {
	switch {
	case limit.over.Load(), f.Type == schemas.RequestTimedOut, f.Status == http.StatusGatewayTimeout && strings.Contains(f.Message, "timed out"):
		return Timeout
	case f.Type == schemas.RequestCancelled:
		return Canceled
	case strings.Contains(f.Message, "not supported"), strings.Contains(f.Code, "unsupported_operation"):
		f.Status = http.StatusBadRequest
		return Unsupported
	case isCredentialError(f.Message):
		f.Message, f.Code = "the credential was not accepted: "+f.Message, CredentialRefused
		return Unauthorized
	case f.Message == schemas.ErrProviderNetworkError, f.Message == schemas.ErrProviderDoRequest:
		return Connection
	case f.Status/100 <= 3:
		// What the library could not read, too: an error that cannot be read is still one.
		return InvalidResponse
	}
	return classOf(f)
}

// credentialErrors are the library's words where it could not make of a credential what the provider wants: a token or a
// signature.
var credentialErrors = []string{"auth token source", "error getting token", "aws credentials", "aws config", "failed to sign request",
	"Azure access token", "Azure authentication"}

func isCredentialError(message string) bool {
	return slices.ContainsFunc(credentialErrors, func(words string) bool { return strings.Contains(message, words) })
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
