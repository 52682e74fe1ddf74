package main

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"agentops.dev/dataplane/gateway/guard"
	gatewayplan "agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/mask"
)

const whole = `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"The ticket is about the billing product. The customer asks why an invoice was sent twice and wants one of them to be cancelled this week."}}],"usage":{"prompt_tokens":120,"completion_tokens":30,"total_tokens":150}}`

// chunks of a stream: 50 with text, one that ends it, and the usage.
var chunks = func() [][]byte {
	line := func(choices, more string) []byte {
		return []byte(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[` + choices + `]` + more + "}\n\n")
	}
	var out [][]byte
	for range 50 {
		out = append(out, line(`{"index":0,"delta":{"content":"word by word "},"finish_reason":null}`, ""))
	}
	return append(out, line(`{"index":0,"delta":{},"finish_reason":"stop"}`, ""), line("", `,"usage":{"prompt_tokens":120,"completion_tokens":150,"total_tokens":270}`), []byte("data: [DONE]\n\n"))
}()

// answer is a provider that does not think.
func answer(w http.ResponseWriter, r *http.Request) {
	if failing(w, r) {
		return
	}
	body, _ := io.ReadAll(r.Body)
	if !bytes.Contains(body, []byte(`"stream":true`)) {
		w.Header()["Content-Type"] = []string{"application/json"}
		_, _ = io.WriteString(w, whole)
		return
	}
	w.Header()["Content-Type"] = []string{"text/event-stream"}
	flush := w.(http.Flusher).Flush
	for _, chunk := range chunks {
		_, _ = w.Write(chunk)
		flush()
	}
}

// guardrails measures the rules by themselves, on 8 KB of prose.
func guardrails() {
	p := &gatewayplan.Plan{Guardrails: map[string]gatewayplan.Guardrail{
		"attacks": {Mode: gatewayplan.Block, BuiltIn: []gatewayplan.BuiltIn{gatewayplan.PromptInjection, gatewayplan.HarmfulOutput}},
		"secrets": {Mode: gatewayplan.Mask, Rules: []byte(`{"version":1,"capture":"Masked","packs":[{"name":"Credentials","action":"Redact"},{"name":"Email","action":"Redact"},{"name":"PaymentCard","action":"Redact"}],"rules":[],"blockKeys":[]}`)},
	}}
	set, err := guard.Compile(p, mask.Keys{})
	if err != nil {
		panic(err) // the rules are constants
	}
	chain := set.Chain([]string{"attacks", "secrets"})
	text := strings.Repeat(prompt+"Write to jane.doe@example.com if invoice 4711 is wrong. ", 60)[:8192]
	var took []time.Duration
	for range 5000 {
		began := time.Now()
		chain.Text(text, &guard.Verdict{})
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	tell("guardrails on 8 KB, p99", float64(took[len(took)*99/100].Microseconds())/1000, "ms")
}
