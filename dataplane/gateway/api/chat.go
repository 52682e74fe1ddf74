package api

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/body"
)

// Chat is OpenAI's chat completions.
type Chat struct{}

// Kind implements API.
func (Chat) Kind() Kind { return ChatKind }

// Operation implements API.
func (Chat) Operation() string { return "chat" }

// Check implements API.
func (Chat) Check(o *body.Object) *Invalid {
	return firstInvalid(nonEmpty(o, "messages"), count(o, "max_tokens", maxTokens), count(o, "max_completion_tokens", maxTokens), count(o, "n", maxAnswers), count(o, "best_of", maxAnswers))
}

// Asked implements API. Answers that a server writes to pick the best of them are written, too.
func (Chat) Asked(o *body.Object) (int64, int64) {
	most := max(o.Get("max_tokens").Int(), o.Get("max_completion_tokens").Int())
	return most, max(1, o.Get("n").Int(), o.Get("best_of").Int())
}

// Clamp implements API. The client's own word for it is kept: some models know only one of the two.
func (Chat) Clamp(o *body.Object, most int64) {
	key := "max_tokens"
	if o.Get("max_completion_tokens").Type == gjson.Number {
		key = "max_completion_tokens"
	}
	o.Delete("max_tokens", "max_completion_tokens")
	o.SetInt(key, most)
}

// Content implements API.
func (Chat) Content() []string {
	return []string{"messages", "tools", "functions", "response_format", "prediction"}
}

// Usage implements API.
func (Chat) Usage(answer gjson.Result) Usage { return openAIUsage(answer.Get("usage")) }

func openAIUsage(u gjson.Result) Usage {
	if !u.IsObject() {
		return Usage{}
	}
	out := Usage{
		Input:     u.Get("prompt_tokens").Int(),
		Output:    u.Get("completion_tokens").Int(),
		Reasoning: u.Get("completion_tokens_details.reasoning_tokens").Int(),
	}
	// xAI counts what was thought beside the completion: only the sum says so.
	if u.Get("total_tokens").Int() == out.Input+out.Output+out.Reasoning {
		out.Output += out.Reasoning
	}
	out.CachedInput, out.CacheWrite = cacheOf(u.Get("prompt_tokens_details"))
	return out.plausible()
}

// cacheOf reads what came from a cache and what was put into it. The library's cached_tokens are the sum of both, and only
// its words for each tell them apart; OpenRouter has another word for the second.
func cacheOf(details gjson.Result) (read, written int64) {
	read, written = details.Get("cached_read_tokens").Int(), details.Get("cached_write_tokens").Int()
	if read+written > 0 {
		return read, written
	}
	return details.Get("cached_tokens").Int(), details.Get("cache_write_tokens").Int()
}

// Written implements API.
func (Chat) Written(answer gjson.Result) string {
	out := ""
	answer.Get("choices").ForEach(func(_, choice gjson.Result) bool {
		m := choice.Get("message")
		out += m.Get("content").String() + m.Get("refusal").String() + m.Get("reasoning_content").String()
		m.Get("tool_calls").ForEach(func(_, call gjson.Result) bool {
			out += call.Get("function.name").Str + call.Get("function.arguments").Str
			return true
		})
		return true
	})
	return out
}

// Finished implements API.
func (Chat) Finished(answer gjson.Result) bool {
	return answer.Get("choices.0.message").IsObject()
}

// Error implements API.
func (Chat) Error(e Error) []byte { return openAIError(e) }

// ErrorEvent implements API.
func (Chat) ErrorEvent(e Error) Event { return Event{Data: openAIError(e)} }

func openAIError(e Error) []byte {
	out := []byte(`{"error":{"message":`)
	out = gjson.AppendJSONString(out, e.Message)
	out = append(out, `,"type":`...)
	out = gjson.AppendJSONString(out, e.Type)
	out = append(out, `,"code":`...)
	out = gjson.AppendJSONString(out, e.Code)
	if e.Param == "" {
		out = append(out, `,"param":null`...)
	} else {
		out = append(out, `,"param":`...)
		out = gjson.AppendJSONString(out, e.Param)
	}
	if e.Hold != nil {
		hold, _ := json.Marshal(e.Hold)
		out = append(append(out, `,"hold":`...), hold...)
	}
	return append(out, "}}"...)
}

// Answers implements API.
func (Chat) Answers() []string { return []string{"choices"} }

// Restate implements API. A chunk that began a tool call must not begin it twice, so only what names the answer is kept.
func (Chat) Restate(template Event, p Piece, text string) Event {
	chunk := gjson.ParseBytes(template.Data)
	out := []byte(`{"object":"chat.completion.chunk"`)
	for _, key := range []string{"id", "created", "model"} {
		if v := chunk.Get(key); v.Exists() {
			out = append(out, `,"`+key+`":`+v.Raw...)
		}
	}
	index, rest, _ := strings.Cut(p.Channel, "/")
	out = append(out, `,"choices":[{"index":`+index+`,"finish_reason":null,"delta":{`...)
	if tool, ok := strings.CutPrefix(rest, "tool/"); ok {
		out = append(out, `"tool_calls":[{"index":`+tool+`,"function":{"arguments":`...)
		out = gjson.AppendJSONString(out, text)
		return Event{Data: append(out, `}}]}}]}`...)}
	}
	out = append(out, `"`+rest+`":`...)
	out = gjson.AppendJSONString(out, text)
	return Event{Data: append(out, `}}]}`...)}
}

// NewReader implements API.
func (Chat) NewReader(o *body.Object) Reader {
	return &chatReader{wantsUsage: o.Get("stream_options").Get("include_usage").Bool()}
}

type chatReader struct {
	usage      Usage
	written    int64
	begun      answers
	finished   answers
	wantsUsage bool
}

// answers are the places of answers in a stream that has several.
type answers [maxAnswers/64 + 1]uint64

func (a *answers) add(index int64) {
	index = max(0, min(index, maxAnswers))
	a[index/64] |= 1 << (index % 64)
}

func (r *chatReader) Usage() Usage   { return r.usage }
func (r *chatReader) Written() int64 { return r.written }

// Complete says that each answer that began has ended: where one of several breaks off, the stream did.
func (r *chatReader) Complete() bool { return r.finished != answers{} && r.finished == r.begun }

func (r *chatReader) Read(e Event) Step {
	if string(e.Data) == "[DONE]" {
		if !r.Complete() {
			return Step{Failed: "the stream ended without a finish_reason"}
		}
		return Step{Last: true, Flush: []string{""}}
	}
	chunk := gjson.ParseBytes(e.Data)
	if failed := chunk.Get("error"); failed.Exists() && failed.Type != gjson.Null {
		return Step{Failed: errorText(failed)}
	}
	if u := chunk.Get("usage"); u.IsObject() {
		r.usage = openAIUsage(u)
	}
	step := Step{}
	choices := 0
	chunk.Get("choices").ForEach(func(_, choice gjson.Result) bool {
		r.choice(&step, choices, choice)
		choices++
		return true
	})
	// The chunk with the usage holds no choice; clients that did not ask for it take the first choice of each chunk.
	step.Skip = choices == 0 && !r.wantsUsage
	return step
}

func (r *chatReader) choice(step *Step, at int, choice gjson.Result) {
	index, delta := indexOf(choice), choice.Get("delta")
	r.begun.add(choice.Get("index").Int())
	path := "choices." + strconv.Itoa(at) + ".delta."
	for _, key := range []string{"content", "refusal", "reasoning_content", "reasoning"} {
		if text := delta.Get(key); text.Type == gjson.String && text.Str != "" {
			r.piece(step, Piece{index + "/" + key, path + key, text.Str, partOf(index, key)})
		}
	}
	n := 0
	delta.Get("tool_calls").ForEach(func(_, call gjson.Result) bool {
		step.Content = true
		if text := call.Get("function.arguments"); text.Str != "" {
			at := path + "tool_calls." + strconv.Itoa(n) + ".function.arguments"
			r.piece(step, Piece{index + "/tool/" + indexOf(call), at, text.Str, partOf(index, "arguments")})
		}
		n++
		return true
	})
	if f := choice.Get("finish_reason"); f.Type == gjson.String && f.Str != "" {
		r.finished.add(choice.Get("index").Int())
		step.Content = true
		step.Flush = append(step.Flush, index+"/")
	}
}

// indexOf is the number of a choice or of a tool call; some servers leave it out where there is one.
func indexOf(v gjson.Result) string {
	if n := v.Get("index"); n.Type == gjson.Number {
		return n.Raw
	}
	return "0"
}

// partOf the first answer; of others a judge sees nothing.
func partOf(index, key string) Part {
	switch {
	case index != "0" && index != "":
		return Aside
	case key == "content", key == "refusal":
		return Words
	case key == "arguments":
		return Arguments
	}
	return Aside
}

func (r *chatReader) piece(step *Step, p Piece) {
	step.Content = true
	step.Pieces = append(step.Pieces, p)
	r.written += Tokens(p.Text)
}

func errorText(e gjson.Result) string {
	if m := e.Get("message"); m.Exists() {
		return m.String()
	}
	return e.String()
}
