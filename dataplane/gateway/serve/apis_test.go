package serve

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

const (
	tools     = `,"tools":[{"type":"function","function":{"name":"look","description":"d","parameters":{"type":"object","properties":{"q":{"type":"string"}}}}}]`
	userHello = `"messages":[{"role":"user","content":"hello"}]`
)

// Anthropic's interface is served by a provider that speaks it, as it is.
func TestMessagesPassAsTheyAre(t *testing.T) {
	w := newWorld(t, nil)
	got := w.post("/v1/messages", `{"model":"claude","max_tokens":50,"system":"s",`+userHello+`,"metadata":{"user_id":"u"}}`)
	if got.status != 200 || got.get("content.0.text").Str != "Hello from anthropic." || w.anthropic.last().Get("max_tokens").Int() != 50 {
		t.Fatalf("got %d %s", got.status, got.text)
	}
	if r := w.report(); r.Usage.Input != 10 || r.Usage.Output != 5 || r.EndUser != "u" {
		t.Errorf("report %+v", r)
	}
	got = w.post("/anthropic/v1/messages", `{"model":"claude","max_tokens":50,"stream":true,`+userHello+`}`)
	if !strings.Contains(got.text, "event: message_stop") || w.report().Usage.Output != 5 || w.report().Usage.Estimated {
		t.Errorf("got %s, %+v", got.text, w.report().Usage)
	}
	w.anthropic.set("cut")
	got = w.post("/v1/messages", `{"model":"claude","max_tokens":50,"stream":true,`+userHello+`}`)
	if last := got.end(); gjson.Get(last, "type").Str != "error" || gjson.Get(last, "error.code").Str != "stream_interrupted" {
		t.Errorf("got %s", got.text)
	}
	w.anthropic.set("429")
	if got := w.post("/v1/messages", `{"model":"claude","max_tokens":5,`+userHello+`}`); got.status != 429 || got.get("type").Str != "error" || got.get("error.type").Str != providerType {
		t.Errorf("got %s", got.text)
	}
}

// OpenAI's responses pass to a provider that has them, and embeddings and their usage too.
func TestResponsesAndEmbeddingsPassAsTheyAre(t *testing.T) {
	w := newWorld(t, nil)
	got := w.post("/v1/responses", `{"model":"native","input":"hello","max_output_tokens":70}`)
	if got.status != 200 || got.get("output.0.content.0.text").Str != "Hello from a." || w.a.last().Get("max_output_tokens").Int() != 70 || w.report().Usage.Output != 5 {
		t.Errorf("got %d %s, %+v", got.status, got.text, w.report().Usage)
	}
	got = w.post("/v1/embeddings", `{"model":"chat","input":["a","b"]}`)
	if got.status != 200 || got.get("data.0.embedding.#").Int() != 2 || w.report().Usage.Input != 3 || w.a.last().Get("max_tokens").Exists() {
		t.Errorf("got %d %s", got.status, got.text)
	}
}

// Between the languages the answer says the same: chat to a provider of Anthropic's language and back, tools included.
func TestChatIsTranslatedForAnthropic(t *testing.T) {
	w := newWorld(t, nil)
	got := w.post("/v1/chat/completions", `{"model":"claude",`+userHello+tools+`}`)
	if got.status != 200 || got.get("choices.0.message.content").Str != "Hello from anthropic." || got.get("usage.prompt_tokens").Int() != 10 || got.get("extra_fields").Exists() {
		t.Fatalf("got %d %s", got.status, got.text)
	}
	asked := w.anthropic.last()
	if asked.Get("max_tokens").Int() != 1000 || asked.Get("tools.0.name").Str != "look" || asked.Get("model").Str != "model-anthropic" {
		t.Errorf("asked %s", asked.Raw)
	}
	got = w.post("/v1/chat/completions", `{"model":"claude","stream":true,`+userHello+`}`)
	if content(got) != "Hello from anthropic." || got.end() != "[DONE]" || w.report().Usage.Output != 5 || w.report().Usage.Estimated {
		t.Errorf("got %s, %+v", got.text, w.report().Usage)
	}
}

// Anthropic's interface is served by a provider of OpenAI's language, whole and streamed.
func TestMessagesAreTranslatedForOpenAI(t *testing.T) {
	w := newWorld(t, nil)
	got := w.post("/v1/messages", `{"model":"chat","max_tokens":50,"system":"be kind",`+userHello+`}`)
	if got.status != 200 || got.get("content.0.text").Str != "Hello from a." || got.get("type").Str != "message" || got.get("usage.output_tokens").Int() != 5 {
		t.Fatalf("got %d %s", got.status, got.text)
	}
	asked := w.a.last()
	if asked.Get("messages.0.role").Str != "system" || asked.Get("max_tokens").Int()+asked.Get("max_completion_tokens").Int() != 50 || asked.Get("model").Str != "model-a" {
		t.Errorf("asked %s", asked.Raw)
	}
	got = w.post("/v1/messages", `{"model":"chat","max_tokens":50,"stream":true,`+userHello+`}`)
	out, kinds := "", []string{}
	for _, e := range got.events() {
		out += gjson.Get(e, "delta.text").Str
		kinds = append(kinds, gjson.Get(e, "type").Str)
	}
	if out != "Hello from a." || kinds[0] != "message_start" || kinds[len(kinds)-1] != "message_stop" {
		t.Errorf("got %s", got.text)
	}
	if w.report().Usage.Output != 5 || w.report().Usage.Estimated {
		t.Errorf("usage %+v", w.report().Usage)
	}
}

// OpenAI's responses are served by a provider that has chat completions only, whole and streamed.
func TestResponsesAreTranslatedForChat(t *testing.T) {
	w := newWorld(t, nil)
	got := w.post("/v1/responses", `{"model":"chat","input":"hello","instructions":"be kind"}`)
	if got.status != 200 || got.get("output.#(type==message).content.0.text").Str != "Hello from a." || got.get("usage.output_tokens").Int() != 5 {
		t.Fatalf("got %d %s", got.status, got.text)
	}
	got = w.post("/v1/responses", `{"model":"chat","input":"hello","stream":true}`)
	out := ""
	for _, e := range got.events() {
		if gjson.Get(e, "type").Str == "response.output_text.delta" {
			out += gjson.Get(e, "delta").Str
		}
	}
	if out != "Hello from a." || !strings.Contains(got.text, "event: response.completed") || w.report().Usage.Output != 5 {
		t.Errorf("got %s %+v", got.text, w.report().Usage)
	}
}

// A translated call fails over like any other, and a stream that is cut is no whole answer.
func TestTranslatedCallsFailLikeAnyOther(t *testing.T) {
	w := newWorld(t, nil)
	w.a.set("500")
	got := w.post("/v1/messages", `{"model":"chat","max_tokens":50,`+userHello+`}`)
	if got.status != 200 || got.get("content.0.text").Str != "Hello from b." {
		t.Errorf("got %d %s", got.status, got.text)
	}
	w.anthropic.set("cut")
	got = w.post("/v1/chat/completions", `{"model":"claude","stream":true,`+userHello+`}`)
	if last := got.end(); gjson.Get(last, "error.code").Str != "stream_interrupted" {
		t.Errorf("got %s", got.text)
	}
	w.anthropic.set("400")
	if got := w.post("/v1/chat/completions", `{"model":"claude",`+userHello+`}`); got.status != 400 || got.get("error.type").Str != providerType {
		t.Errorf("got %d %s", got.status, got.text)
	}
}
