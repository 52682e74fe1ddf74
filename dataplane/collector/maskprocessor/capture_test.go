package maskprocessor

import (
	"context"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
)

func contentSpan() ptrace.Traces {
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.Attributes().PutStr("gen_ai.input.messages", `[{"role":"user","parts":[{"type":"text","content":"write to `+email+` with `+key+`"}]}]`)
	s.Attributes().PutStr("gen_ai.prompt.0.custom", "write to "+email)
	// pydantic-ai's own names for the text of an embedding and for a request's instructions.
	s.Attributes().PutStr("inputs", `["write to `+email+`"]`)
	s.Attributes().PutStr("model_request_parameters", `{"instruction_parts":[{"content":"write to `+email+`"}]}`)
	s.Attributes().PutStr("note", "from "+email)
	return td
}

func TestCaptureDecidesAboutContent(t *testing.T) {
	cases := map[string]struct{ want, gone []string }{
		"None":   {want: []string{"from "}, gone: []string{"write to", "jane.doe", key, "gen_ai.input.messages"}},
		"Masked": {want: []string{"write to", "from "}, gone: []string{"jane.doe", key}},
		"Full":   {want: []string{"write to jane.doe@example.com"}, gone: []string{key, "from jane.doe"}},
	}
	for capture, c := range cases {
		t.Run(capture, func(t *testing.T) {
			out := runTraces(t, with(t, capture, "Redact"), contentSpan())
			json, _ := (&ptrace.JSONMarshaler{}).MarshalTraces(out)
			found(t, string(json), c.want, c.gone)
		})
	}
}

// Strands, and others of its age, write messages into events, under names that mean nothing elsewhere.
func TestCaptureDecidesAboutMessagesInEvents(t *testing.T) {
	sample := func() ptrace.Traces {
		td := ptrace.NewTraces()
		s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		add := func(name string, attributes ...string) {
			e := s.Events().AppendEmpty()
			e.SetName(name)
			for i := 0; i < len(attributes); i += 2 {
				e.Attributes().PutStr(attributes[i], attributes[i+1])
			}
		}
		add("gen_ai.user.message", "content", "ask "+email, "role", "user")
		add("gen_ai.choice", "message", "say "+email, "tool.result", "got "+email, "finish_reason", "end_turn")
		add("exception", "message", "failed for "+email)
		return td
	}
	kept := []string{"user", "end_turn", "failed for ", "gen_ai.choice"}
	cases := map[string]struct{ want, gone []string }{
		"None":   {want: kept, gone: []string{"ask ", "say ", "got ", "jane.doe"}},
		"Masked": {want: append(kept, "ask ", "say ", "got "), gone: []string{"jane.doe"}},
		"Full":   {want: append(kept, "ask "+email, "say "+email, "got "+email), gone: []string{"failed for " + email}},
	}
	for capture, c := range cases {
		t.Run(capture, func(t *testing.T) {
			json, _ := (&ptrace.JSONMarshaler{}).MarshalTraces(runTraces(t, with(t, capture, "Redact"), sample()))
			found(t, string(json), c.want, c.gone)
		})
	}
}

func TestCaptureDecidesAboutMessagesInLogs(t *testing.T) {
	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetEventName("gen_ai.user.message")
	r.Attributes().PutStr("content", "ask "+email)
	r.Attributes().PutStr("code.function.name", "run")
	r.Body().SetStr("say " + email)
	sink := &consumertest.LogsSink{}
	p, err := NewFactory(with(t, "None", "Redact")).CreateLogs(context.Background(), processortest.NewNopSettings(Type), &Config{}, sink)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ConsumeLogs(context.Background(), ld); err != nil {
		t.Fatal(err)
	}
	json, _ := (&plog.JSONMarshaler{}).MarshalLogs(sink.AllLogs()[0])
	found(t, string(json), []string{"gen_ai.user.message", "code.function.name"}, []string{"ask ", "say "})
}

func found(t *testing.T, text string, want, gone []string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing: %s", w, text)
		}
	}
	for _, g := range gone {
		if strings.Contains(text, g) {
			t.Errorf("%q is there: %s", g, text)
		}
	}
}
