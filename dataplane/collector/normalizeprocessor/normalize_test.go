package normalizeprocessor

import (
	"encoding/json"
	"reflect"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

func TestOldNamesBecomeCurrentOnes(t *testing.T) {
	cases := map[string]struct{ in, want map[string]any }{
		"OpenLLMetry chat": {
			in: map[string]any{
				"gen_ai.system": "OpenAI", "llm.request.type": "chat", "gen_ai.request.model": "gpt-4o",
				"gen_ai.usage.prompt_tokens": int64(7), "llm.usage.total_tokens": int64(10), "gen_ai.usage.completion_tokens": int64(3),
				"gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": "be kind",
				"gen_ai.prompt.1.role": "user", "gen_ai.prompt.1.content": "hello",
				"gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.finish_reason": "tool_calls",
				"gen_ai.completion.0.tool_calls.0.name": "search", "gen_ai.completion.0.tool_calls.0.arguments": "{}",
			},
			want: map[string]any{
				"gen_ai.provider.name": "openai", "llm.request.type": "chat", "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o",
				"gen_ai.usage.input_tokens": int64(7), "gen_ai.usage.output_tokens": int64(3),
				"gen_ai.input.messages":  `[{"role":"system","parts":[{"type":"text","content":"be kind"}]},{"role":"user","parts":[{"type":"text","content":"hello"}]}]`,
				"gen_ai.output.messages": `[{"role":"assistant","parts":[{"type":"tool_call","name":"search","arguments":"{}"}],"finish_reason":"tool_calls"}]`,
			},
		},
		"OpenInference": {
			in: map[string]any{
				"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "llm.provider": "azure",
				"llm.token_count.prompt": int64(7), "llm.token_count.completion": int64(3), "llm.token_count.total": int64(10),
				"llm.input_messages.0.message.role":                                  "user",
				"llm.input_messages.0.message.contents.0.message_content.text":       "hello",
				"llm.output_messages.0.message.role":                                 "assistant",
				"llm.output_messages.0.message.content":                              "hi",
				"llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "search",
				"input.value": "hello", "session.id": "s1",
			},
			want: map[string]any{
				"openinference.span.kind": "LLM", "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.provider.name": "azure.ai.openai",
				"gen_ai.usage.input_tokens": int64(7), "gen_ai.usage.output_tokens": int64(3), "gen_ai.conversation.id": "s1",
				"gen_ai.input.messages":  `[{"role":"user","parts":[{"type":"text","content":"hello"}]}]`,
				"gen_ai.output.messages": `[{"role":"assistant","parts":[{"type":"text","content":"hi"},{"type":"tool_call","name":"search"}]}]`,
			},
		},
		"pydantic-ai states what a call cost": {
			in:   map[string]any{"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "operation.cost": 0.25},
			want: map[string]any{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "dev.agentops.cost.usd": 0.25},
		},
		"current names win over old ones": {
			in:   map[string]any{"gen_ai.provider.name": "anthropic", "gen_ai.system": "OpenAI", "gen_ai.usage.input_tokens": int64(1), "llm.usage.prompt_tokens": int64(2)},
			want: map[string]any{"gen_ai.provider.name": "anthropic", "gen_ai.usage.input_tokens": int64(1)},
		},
		"spans of other kinds stay as they are": {
			in:   map[string]any{"http.request.method": "GET", "input.value": "x", "gen_ai.prompt.x.y": "odd"},
			want: map[string]any{"http.request.method": "GET", "input.value": "x", "gen_ai.prompt.x.y": "odd"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m := pcommon.NewMap()
			if err := m.FromRaw(c.in); err != nil {
				t.Fatal(err)
			}
			normalize(m)
			if got := m.AsRaw(); !reflect.DeepEqual(got, c.want) {
				a, _ := json.MarshalIndent(got, "", " ")
				b, _ := json.MarshalIndent(c.want, "", " ")
				t.Errorf("got %s\nwant %s", a, b)
			}
		})
	}
}

func TestAToolsAnswerIsAResponse(t *testing.T) {
	m := pcommon.NewMap()
	m.PutStr("gen_ai.prompt.0.role", "tool")
	m.PutStr("gen_ai.prompt.0.content", "42")
	m.PutStr("gen_ai.prompt.0.tool_call_id", "c1")
	normalize(m)
	v, _ := m.Get("gen_ai.input.messages")
	if want := `[{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"42"}]}]`; v.Str() != want {
		t.Errorf("got %s, want %s", v.Str(), want)
	}
}

func TestHugeNumbersAreNoPositions(t *testing.T) {
	m := pcommon.NewMap()
	m.PutStr("gen_ai.prompt.2147483647.content", "x")
	normalize(m)
	if _, ok := m.Get("gen_ai.prompt.2147483647.content"); !ok {
		t.Error("the attribute is gone")
	}
}
