package serve

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/limits"
)

// watched is a store that remembers what was reserved last.
type watched struct {
	Store
	call *limits.Call
}

func (s *watched) Reserve(ctx context.Context, call *limits.Call) (*limits.Verdict, error) {
	s.call = call
	return s.Store.Reserve(ctx, call)
}

// What is reserved is more than what the call can use: the input with a margin, as its size is a guess, and each of the
// answers at the longest.
func TestTheReservationCoversTheCall(t *testing.T) {
	w := newWorld(t, func(p *plan.Plan) { inUSD(p, plan.Deny, false) })
	w.needsStore()
	store := &watched{Store: w.store}
	w.server.Store = store
	text := strings.Repeat("word", 400)
	for name, tc := range map[string]struct {
		path, body    string
		input, output int64
	}{
		"one answer":      {"/v1/chat/completions", `{"model":"chat","max_tokens":100,"messages":[{"role":"user","content":"` + text + `"}]}`, 500, 100},
		"three answers":   {"/v1/chat/completions", `{"model":"chat","max_tokens":100,"n":3,"messages":[{"role":"user","content":"x"}]}`, 8, 300},
		"the best of two": {"/v1/chat/completions", `{"model":"chat","max_tokens":100,"best_of":2,"messages":[{"role":"user","content":"x"}]}`, 8, 200},
		"no maximum":      {"/v1/responses", `{"model":"native","input":"x"}`, 8, 1000},
		"a picture":       {"/v1/messages", `{"model":"claude","max_tokens":10,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x"}}]}]}`, 2000, 10},
		"embeddings":      {"/v1/embeddings", `{"model":"chat","input":["` + text + `","` + text + `"]}`, 1000, 0},
		"tokens to embed": {"/v1/embeddings", `{"model":"chat","input":[[` + strings.TrimSuffix(strings.Repeat("7,", 1000), ",") + `]]}`, 1000, 0},
	} {
		if got := w.post(tc.path, tc.body); got.status != 200 {
			t.Fatalf("%s: got %d %s", name, got.status, got.text)
		}
		most := store.call.Most
		if most.InputTokens < tc.input || most.InputTokens > tc.input+300 || most.OutputTokens != tc.output || most.MicroUSD != most.InputTokens+2*most.OutputTokens {
			t.Errorf("%s: reserved %+v", name, most)
		}
	}
}

// A run is named by what a client says on purpose, before what follows from its trace.
func TestARunIsNamedInManyWays(t *testing.T) {
	w := newWorld(t, nil)
	traceparent := "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
	all := []string{"X-Agentops-Run-Id", "by-header", "Baggage", "a=b,agentops.run.id=by%2Dbaggage;p=1,gen_ai.conversation.id=by-conversation",
		"X-Agentops-Conversation-Id", "by-second-header", "Traceparent", traceparent}
	for i, want := range []string{"by-header", "by-baggage", "by-conversation", "by-second-header", "by-body", "0123456789abcdef0123456789abcdef", noRun} {
		headers, more := append([]string(nil), all...), `,"metadata":{"conversation_id":"by-body"}`
		if i >= 1 {
			headers[1] = ""
		}
		if i >= 2 {
			headers[3] = "gen_ai.conversation.id=by-conversation"
		}
		if i >= 3 {
			headers[3] = ""
		}
		if i >= 4 {
			headers[5] = ""
		}
		if i >= 5 {
			more = ""
		}
		if i >= 6 {
			headers[7] = "00-00000000000000000000000000000000-0123456789abcdef-01"
		}
		if got := w.chat(more, headers...); got.status != 200 || got.header.Get("X-Agentops-Run") != want {
			t.Errorf("got %d, run %s, want %s", got.status, got.header.Get("X-Agentops-Run"), want)
		}
	}
}

// A guardrail that is new holds for what was answered before it too.
func TestANewGuardrailDoesNotLetOldAnswersPass(t *testing.T) {
	cached := func(p *plan.Plan) {
		r := p.Routes["chat"]
		r.Cache = &plan.Cache{TTLSeconds: 60}
		p.Routes["chat"] = r
	}
	w := newWorld(t, cached)
	w.a.says("My key is sk-proj-aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY, keep it.")
	w.chat("")
	w.setPlan(w.plan(func(p *plan.Plan) {
		cached(p)
		p.Guardrails = map[string]plan.Guardrail{"b": {Mode: plan.Block, Rules: json.RawMessage(`{"version":1,"capture":"Masked","packs":[{"name":"Credentials","action":"Redact"}],"rules":[],"blockKeys":[]}`)}}
		agent(p, func(a *plan.Agent) { a.Guardrails = plan.Guardrails{Output: []string{"b"}} })
	}))
	if swapped, err := w.live.Load(w.planFile); !swapped || err != nil {
		t.Fatal(swapped, err)
	}
	if got := w.chat(""); got.status != 403 || strings.Contains(got.text, "sk-proj") {
		t.Errorf("got %d %s", got.status, got.text)
	}
}
