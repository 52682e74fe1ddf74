package api

import (
	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/body"
)

// Messages is Anthropic's messages.
type Messages struct{}

// Kind implements API.
func (Messages) Kind() Kind { return MessagesKind }

// Operation implements API.
func (Messages) Operation() string { return "chat" }

// Check implements API.
func (Messages) Check(o *body.Object) *Invalid {
	return firstInvalid(nonEmpty(o, "messages"), count(o, "max_tokens", maxTokens))
}

// Asked implements API.
func (Messages) Asked(o *body.Object) (int64, int64) { return o.Get("max_tokens").Int(), 1 }

// Clamp implements API.
func (Messages) Clamp(o *body.Object, most int64) { o.SetInt("max_tokens", most) }

// Content implements API.
func (Messages) Content() []string { return []string{"messages", "system", "tools"} }

// Usage implements API.
func (Messages) Usage(answer gjson.Result) Usage { return anthropicUsage(answer.Get("usage")) }

// anthropicUsage adds what came from and went into the cache: Anthropic's input_tokens leave both out.
func anthropicUsage(u gjson.Result) Usage {
	if !u.IsObject() {
		return Usage{}
	}
	cached, write := u.Get("cache_read_input_tokens").Int(), u.Get("cache_creation_input_tokens").Int()
	return Usage{Input: u.Get("input_tokens").Int() + cached + write, CachedInput: cached, CacheWrite: write, Output: u.Get("output_tokens").Int()}.plausible()
}

// Written implements API.
func (Messages) Written(answer gjson.Result) string {
	out := ""
	answer.Get("content").ForEach(func(_, block gjson.Result) bool {
		out += block.Get("text").Str + block.Get("thinking").Str
		if input := block.Get("input"); input.Exists() {
			out += block.Get("name").Str + input.Raw
		}
		return true
	})
	return out
}

// Finished implements API.
func (Messages) Finished(answer gjson.Result) bool { return answer.Get("content").IsArray() }

// Error implements API.
func (Messages) Error(e Error) []byte {
	inner := openAIError(e)
	return append([]byte(`{"type":"error",`), inner[1:]...)
}

// ErrorEvent implements API.
func (m Messages) ErrorEvent(e Error) Event { return Event{Name: "error", Data: m.Error(e)} }

// Answers implements API.
func (Messages) Answers() []string { return []string{"content"} }

// Restate implements API.
func (Messages) Restate(template Event, p Piece, text string) Event {
	return replace(template, p.Path, text)
}

// NewReader implements API.
func (Messages) NewReader(*body.Object) Reader { return &messagesReader{} }

type messagesReader struct {
	input, last      Usage
	started, counted bool
	written          int64
	complete         bool
}

func (r *messagesReader) Written() int64 { return r.written }
func (r *messagesReader) Complete() bool { return r.complete }

// Usage joins the input, which the first event tells, with the output, which the last but one tells. Before that the output
// is not known.
func (r *messagesReader) Usage() Usage {
	if !r.counted {
		return Usage{Input: r.input.Input, CachedInput: r.input.CachedInput, CacheWrite: r.input.CacheWrite}
	}
	u := r.input
	if r.last.Input > 0 {
		u = r.last
	}
	u.Output = r.last.Output
	return u.plausible()
}

func (r *messagesReader) Read(e Event) Step {
	data := gjson.ParseBytes(e.Data)
	switch data.Get("type").Str {
	case "message_start":
		r.input, r.started = anthropicUsage(data.Get("message.usage")), true
	case "content_block_start":
		return Step{Content: data.Get("content_block.type").Str != "text"}
	case "content_block_delta":
		return r.delta(data)
	case "content_block_stop":
		return Step{Flush: []string{data.Get("index").Raw + "/"}}
	case "message_delta":
		if u := data.Get("usage"); u.IsObject() {
			r.last, r.counted = anthropicUsage(u), true
		}
		r.complete = data.Get("delta.stop_reason").Str != ""
		return Step{Content: true, Flush: []string{""}}
	case "message_stop":
		return Step{Content: true, Last: true, Flush: []string{""}}
	case "error":
		return Step{Failed: errorText(data.Get("error"))}
	}
	return Step{}
}

// deltas are the fields of a delta that hold text; there is one of them in each.
var deltas = []struct {
	key  string
	part Part
}{{"text", Words}, {"partial_json", Arguments}, {"thinking", Aside}}

func (r *messagesReader) delta(data gjson.Result) Step {
	index := data.Get("index").Raw
	for _, d := range deltas {
		if text := data.Get("delta." + d.key); text.Type == gjson.String {
			r.written += Tokens(text.Str)
			return Step{Content: text.Str != "", Pieces: []Piece{{index + "/" + d.key, "delta." + d.key, text.Str, d.part}}}
		}
	}
	return Step{Content: true}
}
