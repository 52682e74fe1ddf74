//go:build bench

package bench

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/redactionprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"agentops.dev/dataplane/collector/maskprocessor"
	"agentops.dev/dataplane/collector/normalizeprocessor"
	"agentops.dev/dataplane/collector/sidecar"
	"agentops.dev/dataplane/mask"
)

const spans = 64

const prose = "The quarterly report shows that revenue in the north grew by 4.2 percent while costs stayed flat; see section 3 for the details of each region. "

// batch holds spans of 6.6 KB; one in ten holds what must be masked.
func batch() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "billing")
	ss := rs.ScopeSpans().AppendEmpty()
	for i := range spans {
		s := ss.Spans().AppendEmpty()
		s.SetName("chat gpt-4o")
		a := s.Attributes()
		a.PutStr("gen_ai.operation.name", "chat")
		a.PutStr("gen_ai.provider.name", "openai")
		a.PutStr("gen_ai.request.model", "gpt-4o")
		a.PutStr("gen_ai.response.id", fmt.Sprintf("chatcmpl-%032d", i))
		a.PutInt("gen_ai.usage.input_tokens", 900)
		a.PutInt("gen_ai.usage.output_tokens", 300)
		a.PutStr("gen_ai.input.messages", messages("user", strings.Repeat(prose, 28)))
		answer := strings.Repeat(prose, 14)
		if i%10 == 0 {
			answer += " write to jane.doe@example.com, card 4111 1111 1111 1111, key sk-proj-aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY"
		}
		a.PutStr("gen_ai.output.messages", messages("assistant", answer))
	}
	return td
}

func messages(role, text string) string {
	return `[{"role":"` + role + `","parts":[{"type":"text","content":"` + text + `"}]}]`
}

type rules struct{ engine *mask.Engine }

func (r rules) Engine() *mask.Engine                { return r.engine }
func (rules) Passed(sidecar.Signal, int, mask.Hits) {}
func (rules) Dropped(int)                           {}

func ours(b *testing.B, packs string) processor.Factory {
	r, err := mask.Parse([]byte(`{"version":1,"capture":"Masked","packs":[` + packs + `],"rules":[],"blockKeys":[],"hashKey":"current"}`))
	if err != nil {
		b.Fatal(err)
	}
	e, err := mask.NewEngine(r, mask.Keys{})
	if err != nil {
		b.Fatal(err)
	}
	return maskprocessor.NewFactory(rules{e})
}

const (
	credentials = `{"name":"Credentials","action":"Redact"}`
	common      = credentials + `,{"name":"Email","action":"Redact"},{"name":"PaymentCard","action":"Redact"},{"name":"NationalId","action":"Redact"}`
)

const redaction = `
allow_all_keys: true
redact_all_types: true
ignored_key_patterns: ['^gen_ai\.usage\.', '^gen_ai\.request\.model$']
blocked_values:
  - '(?:\\+[nrt])?[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,24}'
  - '(?:\\+[nrt]|\b)(?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|6(?:011|5[0-9]{2}))[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}\b'
  - '(?:\\+[nrt]|\b)3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}\b'
  - '(?:\\+[nrt]|\b)sk-[A-Za-z0-9_-]{16,}'
  - '(?:\\+[nrt]|\b)(?:AKIA|ASIA)[0-9A-Z]{16}\b'
  - '(?:\\+[nrt]|\b)gh[pousr]_[A-Za-z0-9]{36,}\b'
  - '(?:\\+[nrt]|\b)xox[abprs]-[0-9A-Za-z-]{10,}'
  - '(?:\\+[nrt]|\b)eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}'
  - '(?i)\bbearer\s+[A-Za-z0-9._~+/-]{16,}=*'
  - '(?:\\+[nrt]|\b)[0-9]{3}-[0-9]{2}-[0-9]{4}\b'
`

const transform = `
error_mode: propagate
trace_statements:
  - context: span
    statements:
      - replace_pattern(span.name, "(?:\\\\+[nrt])?[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,24}", "[EMAIL]")
      - replace_pattern(span.name, "(?:\\\\+[nrt]|\\b)sk-[A-Za-z0-9_-]{16,}", "[API_KEY]")
      - replace_all_patterns(span.attributes, "value", "(?:\\\\+[nrt])?[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,24}", "[EMAIL]")
`

func BenchmarkSpanOf6600Bytes(b *testing.B) {
	size := (&ptrace.ProtoMarshaler{}).TracesSize(batch()) / spans
	b.Logf("%d bytes a span", size)
	b.Run("nothing", func(b *testing.B) { measure(b, nil, "") })
	b.Run("agentops_normalize", func(b *testing.B) { measure(b, normalizeprocessor.NewFactory(), "") })
	b.Run("agentops_mask credentials", func(b *testing.B) { measure(b, ours(b, credentials), "") })
	b.Run("agentops_mask 4 packs", func(b *testing.B) { measure(b, ours(b, common), "") })
	b.Run("redaction", func(b *testing.B) { measure(b, redactionprocessor.NewFactory(), redaction) })
	b.Run("transform", func(b *testing.B) { measure(b, transformprocessor.NewFactory(), transform) })
}

// measure reports the processor time of one span; on a busy machine the clock on the wall says little.
func measure(b *testing.B, f processor.Factory, config string) {
	var next consumer.Traces = consumertest.NewNop()
	if f != nil {
		next = create(b, f, config)
	}
	source := batch()
	b.ReportAllocs()
	begin := cpu(b)
	for b.Loop() {
		td := ptrace.NewTraces()
		source.CopyTo(td)
		if err := next.ConsumeTraces(context.Background(), td); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpu(b)-begin)/float64(b.N*spans), "cpu-µs/span")
}

func create(b *testing.B, f processor.Factory, config string) consumer.Traces {
	b.Helper()
	cfg := f.CreateDefaultConfig()
	if config != "" {
		r, err := confmap.NewRetrievedFromYAML([]byte(config))
		if err != nil {
			b.Fatal(err)
		}
		conf, err := r.AsConf()
		if err != nil {
			b.Fatal(err)
		}
		if err := conf.Unmarshal(cfg); err != nil {
			b.Fatal(err)
		}
	}
	p, err := f.CreateTraces(context.Background(), processortest.NewNopSettings(f.Type()), cfg, consumertest.NewNop())
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Start(context.Background(), nopHost{}); err != nil {
		b.Fatal(err)
	}
	return p
}

type nopHost struct{}

func (nopHost) GetExtensions() map[component.ID]component.Component { return nil }

// cpu is the processor time of this process in microseconds.
func cpu(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return (u.Utime.Sec+u.Stime.Sec)*1_000_000 + int64(u.Utime.Usec+u.Stime.Usec)
}
