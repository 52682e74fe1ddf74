package api

import (
	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/body"
)

// Embeddings is OpenAI's embeddings.
type Embeddings struct{}

// Kind implements API.
func (Embeddings) Kind() Kind { return EmbeddingsKind }

// Operation implements API.
func (Embeddings) Operation() string { return "embeddings" }

// Check implements API.
func (Embeddings) Check(o *body.Object) *Invalid {
	if o.Get("stream").Bool() {
		return &Invalid{"stream", "embeddings are not streamed; leave it out"}
	}
	return nonEmpty(o, "input")
}

// Asked implements API. Embeddings write nothing.
func (Embeddings) Asked(*body.Object) (int64, int64) { return 0, 0 }

// Clamp implements API.
func (Embeddings) Clamp(*body.Object, int64) {}

// Content implements API.
func (Embeddings) Content() []string { return []string{"input"} }

// Usage implements API.
func (Embeddings) Usage(answer gjson.Result) Usage {
	u := answer.Get("usage")
	return Usage{Input: u.Get("prompt_tokens").Int()}.plausible()
}

// Written implements API.
func (Embeddings) Written(gjson.Result) string { return "" }

// Finished implements API.
func (Embeddings) Finished(answer gjson.Result) bool { return answer.Get("data").IsArray() }

// Error implements API.
func (Embeddings) Error(e Error) []byte { return openAIError(e) }

// ErrorEvent implements API.
func (Embeddings) ErrorEvent(e Error) Event { return Event{Data: openAIError(e)} }

// Answers implements API.
func (Embeddings) Answers() []string { return nil }

// Restate implements API.
func (Embeddings) Restate(template Event, p Piece, text string) Event {
	return replace(template, p.Path, text)
}

// NewReader implements API.
func (Embeddings) NewReader(*body.Object) Reader { return &chatReader{} }
