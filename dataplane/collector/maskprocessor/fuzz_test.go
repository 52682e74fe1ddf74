package maskprocessor

import (
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// FuzzTraces decodes whatever bytes it gets, as the receiver does. Masking must not panic, must lose no span, and must
// leave no credential behind, wherever in the message it stands.
func FuzzTraces(f *testing.F) {
	sample, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(sampleTraces())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sample)
	content, _ := (&ptrace.ProtoMarshaler{}).MarshalTraces(contentSpan())
	f.Add(content)
	f.Add([]byte{})
	rules := with(f, "Masked", "Redact")
	f.Fuzz(func(t *testing.T, data []byte) {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
		if err != nil {
			return
		}
		spans := td.SpanCount()
		before := rules.dropped
		out := runTraces(t, rules, td)
		if rules.dropped != before || out.SpanCount() != spans {
			t.Errorf("%d spans went in, %d came out", spans, out.SpanCount())
		}
		bytes, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(out)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(bytes), key) {
			t.Error("a credential is left")
		}
	})
}
