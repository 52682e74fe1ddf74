package api

import (
	"strings"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/body"
)

// Responses is OpenAI's responses.
type Responses struct{}

// Kind implements API.
func (Responses) Kind() Kind { return ResponsesKind }

// Operation implements API.
func (Responses) Operation() string { return "chat" }

// Check implements API. An answer that comes later, past the gateway, cannot be limited.
func (Responses) Check(o *body.Object) *Invalid {
	if o.Get("background").Bool() {
		return &Invalid{"background", "answers in the background cannot be limited; leave it out"}
	}
	return firstInvalid(nonEmpty(o, "input"), count(o, "max_output_tokens", maxTokens))
}

// Asked implements API.
func (Responses) Asked(o *body.Object) (int64, int64) { return o.Get("max_output_tokens").Int(), 1 }

// Clamp implements API.
func (Responses) Clamp(o *body.Object, most int64) { o.SetInt("max_output_tokens", most) }

// Content implements API.
func (Responses) Content() []string { return []string{"input", "instructions", "tools", "text"} }

// Usage implements API.
func (Responses) Usage(answer gjson.Result) Usage {
	u := answer.Get("usage")
	if !u.IsObject() {
		return Usage{}
	}
	out := Usage{
		Input:     u.Get("input_tokens").Int(),
		Output:    u.Get("output_tokens").Int(),
		Reasoning: u.Get("output_tokens_details.reasoning_tokens").Int(),
	}
	out.CachedInput, out.CacheWrite = cacheOf(u.Get("input_tokens_details"))
	return out.plausible()
}

// Written implements API.
func (Responses) Written(answer gjson.Result) string {
	out := ""
	answer.Get("output").ForEach(func(_, item gjson.Result) bool {
		out += item.Get("name").Str + item.Get("arguments").Str
		item.Get("content").ForEach(func(_, part gjson.Result) bool {
			out += part.Get("text").Str + part.Get("refusal").Str
			return true
		})
		return true
	})
	return out
}

// Finished implements API.
func (Responses) Finished(answer gjson.Result) bool { return answer.Get("output").IsArray() }

// Error implements API.
func (Responses) Error(e Error) []byte { return openAIError(e) }

// ErrorEvent implements API.
func (Responses) ErrorEvent(e Error) Event {
	out := []byte(`{"type":"error","code":`)
	out = gjson.AppendJSONString(out, e.Code)
	out = append(out, `,"message":`...)
	out = gjson.AppendJSONString(out, e.Message)
	out = append(out, `,"param":null,"error":`...)
	inner := openAIError(e)
	return Event{Name: "error", Data: append(append(out, inner[len(`{"error":`):len(inner)-1]...), '}')}
}

// Answers implements API.
func (Responses) Answers() []string { return []string{"output"} }

// Restate implements API.
func (Responses) Restate(template Event, p Piece, text string) Event {
	return replace(template, p.Path, text)
}

// NewReader implements API.
func (Responses) NewReader(*body.Object) Reader { return &responsesReader{} }

type responsesReader struct {
	usage    Usage
	written  int64
	complete bool
}

func (r *responsesReader) Usage() Usage   { return r.usage }
func (r *responsesReader) Written() int64 { return r.written }
func (r *responsesReader) Complete() bool { return r.complete }

func (r *responsesReader) Read(e Event) Step {
	data := gjson.ParseBytes(e.Data)
	kind := data.Get("type").Str
	switch {
	case kind == "response.completed" || kind == "response.incomplete":
		r.usage = Responses{}.Usage(data.Get("response"))
		r.complete = true
		return Step{Content: true, Last: true, Whole: true, Flush: []string{""}}
	case kind == "response.failed":
		// What failed on the way was written, and is billed, until then.
		r.usage = Responses{}.Usage(data.Get("response"))
		return Step{Failed: errorText(data.Get("response.error"))}
	case kind == "error":
		return Step{Failed: errorText(data)}
	case strings.HasSuffix(kind, ".delta"):
		return r.delta(data)
	case strings.HasSuffix(kind, ".done"):
		return Step{Content: true, Whole: true, Flush: []string{channelOf(data)}}
	}
	return Step{}
}

// spoken are the events that a judge looks at.
var spoken = map[string]Part{"response.output_text.delta": Words, "response.refusal.delta": Words, "response.function_call_arguments.delta": Arguments}

func (r *responsesReader) delta(data gjson.Result) Step {
	text := data.Get("delta")
	if text.Type != gjson.String {
		return Step{Content: true}
	}
	r.written += Tokens(text.Str)
	return Step{Content: true, Pieces: []Piece{{channelOf(data) + data.Get("content_index").Raw, "delta", text.Str, spoken[data.Get("type").Str]}}}
}

func channelOf(data gjson.Result) string { return data.Get("output_index").Raw + "/" }
