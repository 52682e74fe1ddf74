package main

import (
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// inputTokens sums up the counter over all its series.
func (r *rig) inputTokens() float64 {
	sum := 0.0
	for line := range strings.Lines(get("http://"+r.metrics+"/metrics", "")) {
		if strings.HasPrefix(line, "gen_ai_client_inference_usage_input_tokens_total{") {
			n, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]), 64)
			must(r.t, err)
			sum += n
		}
	}
	return sum
}

// spanWith is a span with one text and one number.
func spanWith(first int, key, value, tokens string, n int64) ptrace.Traces {
	td := batch(1, first)
	attrs := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes()
	attrs.Clear()
	attrs.PutStr(key, value)
	attrs.PutInt(tokens, n)
	return td
}

// The exporter alone would show the last batch, and spans of agents repeat what their calls used.
func TestTokensAddUpAndSumsOfThemAreLeftOut(t *testing.T) {
	r := newRig(t)
	relay, sidecar := r.relay(), r.sidecar()
	r.send(batch(1, 0))
	r.eventually("the first call is counted", func() bool { return r.inputTokens() == 100 })
	r.send(spanWith(1, "gen_ai.operation.name", "invoke_agent", "gen_ai.usage.input_tokens", 500))
	r.send(spanWith(2, "traceloop.span.kind", "workflow", "gen_ai.usage.prompt_tokens", 500))
	r.send(spanWith(3, "openinference.span.kind", "AGENT", "llm.token_count.prompt", 500))
	r.send(spanWith(4, "ai.operationId", "ai.generateText", "ai.usage.promptTokens", 500))
	r.eventually("the sums are stored", func() bool { return r.storedSpans() == 5 })
	r.send(spanWith(5, "ai.operationId", "ai.generateText.doGenerate", "ai.usage.promptTokens", 7))
	r.send(spanWith(6, "openinference.span.kind", "LLM", "llm.token_count.prompt", 7))
	r.send(batch(1, 7))
	r.eventually("all calls are counted", func() bool { return r.storedSpans() == 8 && r.inputTokens() >= 214 })
	if got := r.inputTokens(); got != 214 {
		t.Errorf("%v input tokens, want 214", got)
	}
	sidecar.stop(t)
	relay.stop(t)
}
