package serve

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/upstream"
)

// content joins the texts of a chat stream.
func content(a answer) (out string) {
	for _, e := range a.events() {
		out += gjson.Get(e, "choices.0.delta.content").String()
	}
	return out
}

// A call reaches the first target with its model and credential, and the answer comes back as it was.
func TestACallIsAnswered(t *testing.T) {
	w := newWorld(t, nil)
	got := w.chat(`,"temperature":0.5,"x_unknown":[1]`, "X-Agentops-Run-Id", "run-1")
	if got.status != 200 || got.get("choices.0.message.content").Str != "Hello from a." {
		t.Fatalf("got %d %s", got.status, got.text)
	}
	asked := w.a.last()
	if asked.Get("model").Str != "model-a" || asked.Get("max_tokens").Int() != 1000 || asked.Get("x_unknown.0").Int() != 1 || asked.Get("temperature").Num != 0.5 {
		t.Errorf("the provider was asked %s", asked.Raw)
	}
	if w.a.auth[0] != "Bearer secret-of-a" {
		t.Errorf("credential %q", w.a.auth[0])
	}
	if got.header.Get("X-Agentops-Target") != "a" || got.header.Get("X-Agentops-Run") != "run-1" || got.header.Get("X-Agentops-Verdict") != "pass" {
		t.Errorf("headers %v", got.header)
	}
	r := w.report()
	if r.Usage.Input != 10 || r.Usage.CachedInput != 4 || r.Usage.Output != 5 || r.MicroUSD != 20 || r.Agent != "billing" || r.Team != "payments" || r.Run != "run-1" {
		t.Errorf("report %+v", r)
	}
}

// The maximum that a client asks for is kept when it is smaller than the policy's, and cut when it is larger.
func TestTheMaximumIsWrittenIntoTheRequest(t *testing.T) {
	w := newWorld(t, nil)
	for asked, want := range map[string]int64{`,"max_tokens":7`: 7, `,"max_tokens":900000`: 1000, `,"max_completion_tokens":900000`: 1000, ``: 1000} {
		w.chat(asked)
		last := w.a.last()
		if got := last.Get("max_tokens").Int() + last.Get("max_completion_tokens").Int(); got != want {
			t.Errorf("%q: the provider was asked for %d, want %d", asked, got, want)
		}
	}
}

// What steers other gateways is dropped.
func TestClientsCannotSteer(t *testing.T) {
	w := newWorld(t, nil)
	all := ""
	for _, key := range dropped {
		all += `,"` + key + `":["x"]`
	}
	w.chat(all)
	for _, key := range dropped {
		if w.a.last().Get(key).Exists() {
			t.Errorf("%s reached the provider", key)
		}
	}
}

// A model that is not the agent's is told to the client and to nobody else: as a label it would be a series for each word.
func TestAnUnknownModelIsNoLabel(t *testing.T) {
	w := newWorld(t, nil)
	w.post("/v1/chat/completions", `{"model":"gpt-`+strings.Repeat("x", 40)+`","messages":[{"role":"user","content":"x"}]}`)
	if r := w.report(); r.Alias != "" || r.ErrorCode != "model_not_found" {
		t.Errorf("report %+v", r)
	}
}

// Requests that nobody may make are refused by a typed error before any provider is asked.
func TestWhatIsRefused(t *testing.T) {
	w := newWorld(t, func(p *plan.Plan) {
		agent(p, func(a *plan.Agent) { a.ServiceAccountName = "billing" })
	})
	as := func(change func(map[string]any)) string { return "Bearer " + w.token(change) }
	body := `{"model":"chat","messages":[{"role":"user","content":"x"}]}`
	cases := map[string]struct {
		body, header, value string
		status              int
		code                string
	}{
		"no token":                  {body, "Authorization", "", 401, "token_missing"},
		"a token of another issuer": {body, "Authorization", as(func(c map[string]any) { c["iss"] = "x" }), 401, "token_refused"},
		"an expired token":          {body, "Authorization", as(func(c map[string]any) { c["exp"] = 1 }), 401, "token_refused"},
		"another account": {body, "Authorization", as(func(c map[string]any) {
			c["kubernetes.io"].(map[string]any)["serviceaccount"] = map[string]string{"name": "x"}
		}), 401, "token_refused"},
		"another agent":            {body, "Authorization", as(func(c map[string]any) { c["aud"] = []string{"agentops/shop/other"} }), 403, "agent_unknown"},
		"another model":            {`{"model":"gpt-5","messages":[{"role":"user","content":"x"}]}`, "", "", 404, "model_not_found"},
		"no messages":              {`{"model":"chat","messages":[]}`, "", "", 400, "invalid_request"},
		"no JSON":                  {`{"model":`, "", "", 400, "invalid_request"},
		"a field twice":            {`{"model":"chat","max_tokens":1,"max_tokens":99999,"messages":[{}]}`, "", "", 400, "invalid_request"},
		"a negative maximum":       {`{"model":"chat","max_tokens":-1,"messages":[{}]}`, "", "", 400, "invalid_request"},
		"a maximum in text":        {`{"model":"chat","max_tokens":"many","messages":[{}]}`, "", "", 400, "invalid_request"},
		"a body that is too large": {`{"model":"chat","messages":["` + strings.Repeat("x", 2<<20) + `"]}`, "", "", 413, "request_too_large"},
		"a packed body":            {body, "Content-Encoding", "gzip", 400, "invalid_request"},
		"a run id with a blank":    {body, "X-Agentops-Run-Id", "a b", 400, "run_id_invalid"},
	}
	for name, tc := range cases {
		got := w.post("/v1/chat/completions", tc.body, tc.header, tc.value)
		if got.status != tc.status || got.get("error.code").Str != tc.code || got.get("error.type").Str != policyType || got.header.Get("X-Agentops-Denied") != tc.code {
			t.Errorf("%s: got %d %s", name, got.status, got.text)
		}
	}
	if n := len(w.a.asked()); n != 0 {
		t.Errorf("the provider was asked %d times", n)
	}
	if got := w.post("/v1/messages", `{"model":"nope","messages":[{}]}`); got.get("type").Str != "error" || got.get("error.code").Str != "model_not_found" || !strings.Contains(got.get("error.message").Str, "chat, claude, native") {
		t.Errorf("Anthropic's words: %s", got.text)
	}
}

// The list of models holds the agent's aliases, in the words of either SDK.
func TestModelsAreTheAgentsAliases(t *testing.T) {
	w := newWorld(t, nil)
	get := func(path string, headers ...string) answer {
		req, _ := http.NewRequest(http.MethodGet, w.url+path, nil)
		req.Header.Set("X-Api-Key", w.token(nil))
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var b strings.Builder
		_ = resp.Write(&b)
		_, text, _ := strings.Cut(b.String(), "\r\n\r\n")
		return answer{status: resp.StatusCode, text: text[strings.Index(text, "{"):]}
	}
	if got := get("/v1/models"); got.get("data.#.id").Raw != `["chat","claude","native"]` || got.get("object").Str != "list" {
		t.Errorf("got %s", got.text)
	}
	if got := get("/v1/models", "Anthropic-Version", "2023-06-01"); got.get("data.0.type").Str != "model" || got.get("first_id").Str != "chat" {
		t.Errorf("got %s", got.text)
	}
	if got := get("/v1/models/chat"); got.get("id").Str != "chat" {
		t.Errorf("got %s", got.text)
	}
	if got := get("/v1/models/x"); got.status != 404 {
		t.Errorf("got %s", got.text)
	}
}

// A target that fails is passed over before the client sees anything, streamed or not, and rests afterwards.
func TestAnotherTargetAnswersWhenTheFirstFails(t *testing.T) {
	for _, mode := range []string{"500", "429", "401", "reset", "timeout", "garbage", "cut before", "slow"} {
		for _, stream := range []bool{false, true} {
			if !stream && (mode == "cut before" || mode == "slow") {
				continue
			}
			w := newWorld(t, func(p *plan.Plan) {
				if mode != "timeout" && mode != "slow" {
					return // a busy machine would make it one, and the request might not even arrive
				}
				a := p.Targets["a"]
				a.TimeoutMilliseconds = 500
				p.Targets["a"] = a
			})
			w.a.set(mode)
			more := ""
			if stream {
				more = `,"stream":true`
			}
			got := w.chat(more)
			text := got.get("choices.0.message.content").Str
			if stream {
				text = content(got)
			}
			if got.status != 200 || text != "Hello from b." || got.header.Get("X-Agentops-Target") != "b" {
				t.Errorf("%s, stream %v: got %d %s", mode, stream, got.status, got.text)
			}
			w.chat("")
			if n := len(w.a.asked()); n != 1 {
				t.Errorf("%s: a was asked %d times, want once", mode, n)
			}
		}
	}
}

// A stream that says much and nothing of an answer is given up before it fills the memory, and another target answers.
func TestAStreamThatNeverBeginsIsGivenUp(t *testing.T) {
	w := newWorld(t, nil)
	w.a.set("never begins")
	if got := w.chat(`,"stream":true`); content(got) != "Hello from b." || w.report().Attempts[0].Failure.Class != upstream.InvalidResponse {
		t.Errorf("got %s, %+v", got.text, w.report().Attempts)
	}
}

// An answer that is held back to be judged and does not end is not good enough.
func TestAnAnswerThatDoesNotEndIsNotJudgedWithoutEnd(t *testing.T) {
	w := newWorld(t, judged("(?i)i don't know"))
	w.a.set("flood")
	if got := w.chat(`,"stream":true`); content(got) != "Hello from b." || !w.report().Escalated {
		t.Errorf("got %.200s", got.text)
	}
}

// What the request is to blame for, and what a safety system refuses, stays with the provider that said it.
func TestClientErrorsAndRefusalsNeverHop(t *testing.T) {
	for mode, status := range map[string]int{"400": 400, "404": 404, "refusal": 403} {
		w := newWorld(t, nil)
		w.a.set(mode)
		got := w.chat("")
		if got.status != status || got.get("error.type").Str != providerType || len(w.b.asked()) != 0 {
			t.Errorf("%s: got %d %s; b was asked %d times", mode, got.status, got.text, len(w.b.asked()))
		}
		w.a.set("")
		if got := w.chat(""); got.header.Get("X-Agentops-Target") != "a" {
			t.Errorf("%s: a rests for what a client did", mode)
		}
	}
}

// When nobody can answer, the error says whose fault it is and when to come back.
func TestWhenNobodyAnswers(t *testing.T) {
	for mode, want := range map[string]struct {
		status int
		code   string
	}{"500": {503, "provider_unavailable"}, "401": {503, "provider_unavailable"}, "429": {429, "provider_rate_limited"}, "garbage": {502, "provider_invalid"}, "timeout": {504, "provider_timeout"}} {
		w := newWorld(t, func(p *plan.Plan) {
			if mode != "timeout" {
				return // a busy machine would make it one
			}
			for name, target := range p.Targets {
				target.TimeoutMilliseconds = 100
				p.Targets[name] = target
			}
		})
		w.a.set(mode)
		w.b.set(mode)
		got := w.chat("")
		if got.status != want.status || got.get("error.code").Str != want.code || got.get("error.type").Str != providerType {
			t.Errorf("%s: got %d %s", mode, got.status, got.text)
		}
		if mode == "429" && got.header.Get("Retry-After") != "7" {
			t.Errorf("retry-after %q", got.header.Get("Retry-After"))
		}
	}
}

// A stream is passed on event by event; the usage that the gateway asked for is hidden from clients that did not.
func TestStreamsPassAsTheyAre(t *testing.T) {
	w := newWorld(t, nil)
	got := w.chat(`,"stream":true`)
	events := got.events()
	if content(got) != "Hello from a." || got.end() != "[DONE]" || slices.ContainsFunc(events, func(e string) bool { return strings.Contains(e, "usage") }) {
		t.Errorf("got %s", got.text)
	}
	if !w.a.last().Get("stream_options.include_usage").Bool() {
		t.Error("the provider was not asked for the usage")
	}
	if r := w.report(); r.Usage.Input != 10 || r.Usage.Output != 5 || r.Usage.Estimated {
		t.Errorf("usage %+v", r.Usage)
	}
	got = w.chat(`,"stream":true,"stream_options":{"include_usage":true}`)
	if !strings.Contains(got.text, `"usage"`) {
		t.Error("a client that asked for the usage did not get it")
	}
}

// A stream that breaks, or turns into garbage, after its first byte ends with a typed error, no [DONE], and what came is
// charged as an estimate.
func TestABrokenStreamEndsWithATypedError(t *testing.T) {
	for _, mode := range []string{"cut", "silent", "garbage inside"} {
		w := newWorld(t, func(p *plan.Plan) {
			a := p.Targets["a"]
			if mode == "silent" {
				a.StreamIdleMilliseconds = 2000
			}
			p.Targets["a"] = a
		})
		w.a.set(mode)
		got := w.chat(`,"stream":true`)
		last := got.end()
		if gjson.Get(last, "error.code").Str != "stream_interrupted" || gjson.Get(last, "error.type").Str != providerType || strings.Contains(got.text, "[DONE]") || strings.Contains(got.text, "oh no") {
			t.Errorf("%s: got %s", mode, got.text)
		}
		if r := w.report(); !r.Usage.Estimated || r.Usage.Output == 0 || r.Usage.Input == 0 || r.MicroUSD == 0 {
			t.Errorf("%s: usage %+v", mode, r.Usage)
		}
	}
}

// A usage that is missing is estimated and marked, never 0.
func TestAMissingUsageIsEstimated(t *testing.T) {
	w := newWorld(t, nil)
	w.a.set("no usage")
	if got := w.chat(""); got.header.Get("X-Agentops-Usage") != "estimated" {
		t.Errorf("headers %v", got.header)
	}
	if r := w.report(); !r.Usage.Estimated || r.Usage.Input < 3 || r.Usage.Output < 3 {
		t.Errorf("usage %+v", r.Usage)
	}
	if got := w.chat(`,"stream":true`); got.header.Get("X-Agentops-Usage") != "estimated" {
		t.Errorf("trailers %v", got.header)
	}
}

// What there is not, is answered in the words of the client's interface, and so is another method; no provider is asked.
func TestOtherPathsAndMethods(t *testing.T) {
	w := newWorld(t, nil)
	for call, want := range map[string]string{
		"GET /v1/chat/completions": "405 POST", "OPTIONS /v1/messages": "405 POST", "HEAD /v1/models": "405 GET", "POST /v1/models": "405 GET", "DELETE /v1/models/chat": "405 GET",
		"POST /v1/chat/completions/": "404", "POST /v1/completions": "404", "POST /v1/messages/count_tokens": "404", "POST /anthropic/v1/messages/batches": "404",
		"POST /v1/responses/resp_1/cancel": "404", "GET /v1/files": "404", "POST /": "404", "POST //v1/chat/completions": "404", "POST /v1/chat/../chat/completions": "404",
	} {
		method, path, _ := strings.Cut(call, " ")
		req, _ := http.NewRequest(method, w.url+path, strings.NewReader(`{"model":"chat",`+userHello+`}`))
		req.URL.Opaque = strings.TrimPrefix(w.url, "http:") + path
		req.Header.Set("Authorization", "Bearer "+w.token(nil))
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		got := strings.TrimSpace(strconv.Itoa(resp.StatusCode) + " " + resp.Header.Get("Allow"))
		if got != want || method != http.MethodHead && gjson.GetBytes(text, "error.type").Str != policyType || strings.HasPrefix(path, "/anthropic") != (gjson.GetBytes(text, "type").Str == "error") {
			t.Errorf("%s: got %s %s", call, got, text)
		}
	}
	if n := len(w.a.asked()); n > 0 {
		t.Errorf("the provider was asked %d times", n)
	}
}
