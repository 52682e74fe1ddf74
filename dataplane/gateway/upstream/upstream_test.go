package upstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/body"
	"agentops.dev/dataplane/gateway/plan"
)

var providers = []plan.Provider{plan.OpenAI, plan.Azure, plan.Anthropic, plan.Bedrock, plan.Vertex, plan.Gemini, plan.Databricks, plan.Snowflake,
	plan.Mistral, plan.Cohere, plan.Groq, plan.OpenRouter, plan.XAI, plan.OpenAICompatible}

// Every provider that a plan may name can be built from the library.
func TestEveryProviderCanBeBuilt(t *testing.T) {
	l := newTranslated(NewSecrets(t.TempDir()), nil).library
	for _, p := range providers {
		if got, err := l.provider(plan.Target{Provider: p, Endpoint: "https://host", TimeoutMilliseconds: 1, StreamIdleMilliseconds: 1}); err != nil || got == nil {
			t.Errorf("%s: %v", p, err)
		}
	}
}

// Each provider is asked under its own address.
func TestAddresses(t *testing.T) {
	for want, target := range map[string]plan.Target{
		"https://api.openai.com/v1/chat/completions":                                          {Provider: plan.OpenAI},
		"https://proxy/x/v1/chat/completions":                                                 {Provider: plan.OpenAI, Endpoint: "https://proxy/x/"},
		"https://api.groq.com/openai/v1/chat/completions":                                     {Provider: plan.Groq},
		"https://r.azure/openai/deployments/my%2Fgpt/chat/completions?api-version=2024-10-21": {Provider: plan.Azure, Endpoint: "https://r.azure", Model: "my/gpt"},
		"https://dbx/serving-endpoints/chat/completions":                                      {Provider: plan.Databricks, Endpoint: "https://dbx"},
		"https://sf/api/v2/cortex/v1/chat/completions":                                        {Provider: plan.Snowflake, Endpoint: "https://sf"},
	} {
		if got := address(&Call{API: api.Chat{}, Target: target}); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := address(&Call{API: api.Messages{}, Target: plan.Target{Provider: plan.Anthropic}}); got != "https://api.anthropic.com/v1/messages" {
		t.Errorf("got %s", got)
	}
}

// What a provider answers is put into the class that decides what follows; a refusal is one whatever its status.
func TestClassesOfFailures(t *testing.T) {
	for text, want := range map[string]Class{
		`429 {"error":{"message":"m"}}`: RateLimited, `500 {}`: ServerError, `529 {}`: ServerError, `401 {}`: Unauthorized, `402 {}`: Unauthorized, `403 {}`: Unauthorized,
		`408 {}`: Timeout, `400 {"error":{"code":"context_length_exceeded"}}`: ClientError, `404 {}`: ClientError, `422 x`: ClientError, `302 `: InvalidResponse,
		`400 {"error":{"code":"content_filter"}}`: ClientError, `403 {"error":{"type":"content_policy_violation"}}`: ClientError, `500 {"error":{"code":"safety"}}`: ClientError,
		`400 {"error":{"innererror":1,"code":"ResponsibleAIPolicyViolation"}}`: ClientError,
	} {
		status, data, _ := strings.Cut(text, " ")
		code := int(status[0]-'0')*100 + int(status[1]-'0')*10 + int(status[2]-'0')
		if got := refused(code, http.Header{}, []byte(data)); got.Class != want || got.Message == "" {
			t.Errorf("%s: got %+v, want %s", text, got, want)
		}
	}
}

// Retry-After is read as seconds, milliseconds or a date, and nonsense is nothing.
func TestRetryAfter(t *testing.T) {
	date := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
	for value, want := range map[string]time.Duration{"7": 7 * time.Second, "0.5": 500 * time.Millisecond, date: time.Minute, "-3": 0, "soon": 0, "": 0, "0": 0, "NaN": 0,
		"1e99": longestWait, "9999999999": longestWait, "Inf": longestWait, "Fri, 31 Dec 9999 23:59:59 GMT": longestWait, "Thu, 01 Jan 1970 00:00:00 GMT": 0} {
		if got := retryAfter(http.Header{"Retry-After": {value}}); got < want-2*time.Second || got > want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
	if got := retryAfter(http.Header{"Retry-After-Ms": {"1e300"}, "Retry-After": {"3"}}); got != longestWait {
		t.Errorf("milliseconds: got %v", got)
	}
}

// A credential is read from its file, again when it was rotated, and one that is missing is told by name.
func TestCredentialsAreFiles(t *testing.T) {
	dir := t.TempDir()
	s := NewSecrets(dir)
	c := &plan.Credential{Secret: "agentops-x", Keys: map[plan.Role]string{plan.APIKey: "key"}}
	if _, err := s.Get(c, plan.APIKey); err == nil || !strings.Contains(err.Error(), "agentops-x") {
		t.Errorf("got %v", err)
	}
	write := func(text string) {
		_ = os.MkdirAll(filepath.Join(dir, "agentops-x"), 0o700)
		_ = os.WriteFile(filepath.Join(dir, "agentops-x", "key"), []byte(text), 0o600)
		s.files = map[string]secret{}
	}
	write("one\n")
	if got, err := s.Get(c, plan.APIKey); got != "one" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	write("two")
	if got, _ := s.Get(c, plan.APIKey); got != "two" {
		t.Errorf("got %q", got)
	}
	write("a\nX-Injected: b")
	if _, err := s.Get(c, plan.APIKey); err == nil {
		t.Error("a credential with a line end was accepted")
	}
	if got, err := s.Get(nil, plan.APIKey); got != "" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func eventsOf(text string) *events {
	_, cancel := context.WithCancel(context.Background())
	return newEvents(io.NopCloser(strings.NewReader(text)), newClock(cancel, time.Minute), time.Minute)
}

// Events are read as the standard says: names, data over several lines, comments, either kind of line end.
func TestEventsAreRead(t *testing.T) {
	e := eventsOf(": hello\n\nevent: a\ndata: 1\ndata:2\n\ndata: {\"x\":\"" + strings.Repeat("y", 40000) + "\"}\r\n\r\nid: 7\n\ndata: cut")
	first, err := e.Next()
	if err != nil || first.Name != "a" || string(first.Data) != "1\n2" {
		t.Errorf("got %q %q, %v", first.Name, first.Data, err)
	}
	second, err := e.Next()
	if err != nil || len(second.Data) != 40008 {
		t.Errorf("got %d bytes, %v", len(second.Data), err)
	}
	if _, err := e.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("an event without an end: %v", err)
	}
}

// An event that does not end is given up; a stream may hold any number of lines of it.
func TestAnEventThatDoesNotEndIsGivenUp(t *testing.T) {
	e := eventsOf(strings.Repeat("data: "+strings.Repeat("x", 10_000)+"\n", maxLine/10_000+1) + "\n")
	if got, err := e.Next(); !errors.Is(err, errTooLong) {
		t.Errorf("got %d bytes, %v", len(got.Data), err)
	}
}

// The usage is asked for whatever the client says about it, and what else it says is kept.
func TestTheUsageIsAlwaysAskedFor(t *testing.T) {
	for options, want := range map[string]string{
		``: `{"include_usage":true}`, `{}`: `{"include_usage":true}`, `{ }`: `{"include_usage":true}`, `null`: `{"include_usage":true}`, `7`: `{"include_usage":true}`,
		`{"a":1}`: `{"include_usage":true,"a":1}`, `{"include_usage":false,"a":[1]}`: `{"include_usage":true,"a":[1]}`,
		`{"include\u005fusage":false,"include_usage":false}`: `{"include_usage":true}`,
	} {
		if got := withUsage(options); got != want {
			t.Errorf("%s: got %s, want %s", options, got, want)
		}
	}
}

// What is the target's goes into the request, and OpenAI's reasoning models get the maximum by its present name.
func TestARequestIsPrepared(t *testing.T) {
	o, err := body.Parse([]byte(`{"model":"x","stream":true,"max_tokens":5,"stream_options":{"include_obfuscation":false}}`))
	if err != nil {
		t.Fatal(err)
	}
	prepare(&Call{API: api.Chat{}, Body: o, Stream: true, Target: plan.Target{Provider: plan.OpenAI, Model: "o3"}})
	if want := `{"model":"o3","stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},"max_completion_tokens":5}`; o.String() != want {
		t.Errorf("got %s", o)
	}
}

// Whatever a provider sends as a stream, reading it ends.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("event: a\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n"))
	f.Add([]byte("data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":-1}}}\n\ndata: {\"type\":\"content_block_delta\",\"index\":1e9,\"delta\":{\"text\":\"\\ud800\"}}\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, a := range []api.API{api.Chat{}, api.Responses{}, api.Messages{}} {
			e := eventsOf(string(bytes.Clone(data)))
			o, _ := body.Parse([]byte("{}"))
			r := a.NewReader(o)
			for {
				event, err := e.Next()
				if err != nil {
					break
				}
				for _, p := range r.Read(event).Pieces {
					_ = api.Replace(event, p, "x")
					_ = a.Restate(event, p, "x")
				}
			}
			if u := r.Usage(); u.Input < 0 || u.Output < 0 || u.Known && u.Input+u.Output == 0 {
				t.Errorf("usage %+v", u)
			}
		}
	})
}
